import pytest

from augcon_lib.text.languages import detect_language, length_preset


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The duck swims on the lake and eats plants.", "en"),
        ("Hi", "en"),
        ("Les canards nagent sur le lac et mangent des plantes.", "fr"),
        ("Die Enten schwimmen auf dem See und fressen Pflanzen.", "de"),
        ("鸭子在湖上游泳，吃植物。", "zh"),
        ("アヒルは湖で泳ぎ、植物を食べます。", "ja"),
        ("東京都の人口は増加している。", "ja"),
        ("오리는 호수에서 헤엄치고 식물을 먹습니다.", "ko"),
        ("เป็ดว่ายน้ำในทะเลสาบ", "th"),
        ("Утка плавает по озеру и ест растения.", "ru"),
        ("Качка плаває по озеру і їсть рослини, а взимку відлітає.", "uk"),
        ("البط يسبح في البحيرة ويأكل النباتات.", "ar"),
        ("هذا نص مع كلمات like React and components داخل الجملة العربية", "ar"),
        ("使用 React 组件构建用户界面 with props", "zh"),
        ("鸭子。\n\n```python\nimport something_long\nfor duck in ducks: swim(duck)\n```\n", "zh"),
        ("```\nfor duck in all_of_the_ducks: swim\n```", "en"),
        ("12345 !!", "und"),
        ("", "und"),
    ],
)
def test_the_language_is_told_by_script_then_by_words(text, language):
    assert detect_language(text) == language


def test_a_foreign_licence_at_the_head_does_not_decide():
    french = "Les canards nagent sur le lac et mangent des plantes vertes au printemps. "
    assert detect_language("This licence is in English. " * 30 + french * 200) == "fr"


def test_chinese_has_the_lengths_of_the_paper():
    preset = length_preset("zh")
    assert preset == length_preset("ja") == length_preset("zh-TW")
    assert (preset.max_context_chars, preset.min_context_chars) == (500, 20)
    assert (preset.chars_per_query, preset.min_query_chars) == (35, 5)


@pytest.mark.parametrize("language", ["en", "fr", "ru", "th", "und", "xx"])
def test_alphabets_have_longer_texts_for_the_same_content(language):
    assert length_preset(language).max_context_chars == 1600


def test_lengths_grow_as_a_script_gets_less_dense():
    by_density = [length_preset(language) for language in ("zh", "ko", "ar", "en")]
    for field in ("max_context_chars", "min_context_chars", "chars_per_query", "min_query_chars"):
        lengths = [getattr(preset, field) for preset in by_density]
        assert lengths == sorted(set(lengths))
