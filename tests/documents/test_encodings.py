import pytest

from augcon_lib.documents.encodings import decode

FRENCH = "Élève à l’école : où est-ce que l’été, déjà, a été perdu ? Ça ira, très bientôt.\n" * 5
RUSSIAN = "Утка плавает по озеру, и она ест растения. Зимой она улетает на юг.\n" * 5
CHINESE = (
    "将鸭肉与啤酒一同炖煮成菜，使滋补的鸭肉味道更加浓厚。一般初学者只需要一小时即可完成。\n" * 5
)
JAPANESE = (
    "既存のプロジェクトにインタラクティブな要素を加えたい場合、書き直す必要はありません。\n" * 5
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "utf-8-sig"),
        (FRENCH, "utf-16"),
        (FRENCH, "utf-16-le"),
        (FRENCH, "utf-16-be"),
        (FRENCH, "utf-32"),
        (FRENCH, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (CHINESE, "gbk"),
        (CHINESE, "gb18030"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
    ],
)
def test_text_is_decoded_from_its_encoding(text, encoding):
    assert decode(text.encode(encoding)) == text


def test_a_few_bad_bytes_do_not_make_utf8_another_encoding():
    data = bytearray(CHINESE.encode())
    data[31] = 0xFF
    text = decode(bytes(data))
    assert text is not None
    assert "\ufffd" in text
    assert text[40:] == CHINESE[-len(text[40:]) :]


def test_a_character_cut_at_the_end_becomes_a_replacement():
    assert decode(CHINESE.strip().encode()[:-1]) == CHINESE.strip()[:-1] + "\ufffd"


def test_one_utf8_character_and_one_bad_byte_are_utf8():
    assert decode("naïve x".encode() + b"\xff") == "naïve x\ufffd"


def test_english_with_nul_bytes_is_text():
    assert decode(b"some\0 words and more\0 of them, without an end") is not None


@pytest.mark.parametrize("data", [bytes(range(256)) * 9, b"SQLite format 3\0" + bytes(range(256))])
def test_binary_data_is_no_text(data):
    assert decode(data) is None


def test_no_bytes_are_no_characters():
    assert decode(b"") == ""
