"""A small workbook (``.xlsx``), written as spreadsheets write it: words by number, in a file."""

import io
import zipfile

SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(rows):
    """Return the bytes of a workbook whose first sheet has these rows."""
    words = sorted({cell for row in rows for cell in row if isinstance(cell, str)})
    shared = "".join(f"<si><t>{word}</t></si>" for word in words)
    lines = []
    for i, row in enumerate(rows, start=1):
        cells = []
        for letter, cell in zip("ABCDEFG", row, strict=False):
            kind = ' t="s"' if isinstance(cell, str) else ""
            value = words.index(cell) if isinstance(cell, str) else cell
            cells.append(f'<c r="{letter}{i}"{kind}><v>{value}</v></c>' if cell != "" else "")
        lines.append(f'<row r="{i}">{"".join(cells)}</row>')
    sheet = f'<worksheet xmlns="{SPACE}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{SPACE}">{shared}</sst>')
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return made.getvalue()
