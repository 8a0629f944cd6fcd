"""Small files of the formats that are read, made from text."""

import io
import zipfile

from augcon_lib.documents import SourceEntry, list_store, read_documents
from augcon_lib.records import Document, Rejection
from augcon_lib.settings import SourceSettings


def read_store(folder, uri=".", **source):
    """Every document or rejection of the store in *folder*, by document id."""
    settings = SourceSettings(uri=uri, **source)
    entries = list_store(settings, folder).entries
    results = list(read_documents(settings, folder, entries))
    assert [r.document_id for r in results] == [e.document_id for e in entries]
    return {result.document_id: result for result in results}


def read_bytes(tmp_path, name, data, **source):
    """The one document in a store that holds the file *name* with *data*."""
    (tmp_path / name).write_bytes(data)
    (result,) = read_store(tmp_path, uri=name, **source).values()
    return result


def text_of(result):
    assert isinstance(result, Document), result
    return result.text


def reason_of(result):
    assert isinstance(result, Rejection), result
    assert result.stage == "raw_corpus"
    assert result.subject_id == result.document_id
    assert result.detail
    return result.reason


def row_entry(entries, document_id) -> SourceEntry:
    return next(entry for entry in entries if entry.document_id == document_id)


def docx(*paragraphs, heading=""):
    """A Word file with the *paragraphs* under a *heading*."""
    style = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>'
    body = f"<w:p>{style}<w:r><w:t>{heading}</w:t></w:r></w:p>" if heading else ""
    body += "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    name_space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1"'
        f' Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/styles.xml": f'<w:styles xmlns:w="{name_space}"><w:style w:type="paragraph"'
        ' w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{name_space}"><w:body>{body}</w:body>'
        "</w:document>",
    }
    return zip_of(parts)


def zip_of(files):
    """A ZIP archive with *files*, a mapping of names to contents."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def pdf(*pages):
    """A PDF with a page for each list of text lines in *pages*."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    for lines in pages:
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 10 Tf 12 TL 50 780 Td {shown} ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects)} 0 R"
            f" /Resources << /Font << /F1 {font} >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    data = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF"
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    return data + (head + table + trailer).encode("latin-1")
