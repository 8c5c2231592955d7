"""Small PDFs written by hand, for what no producer here makes: odd mappings, turned text, forms."""


def pdf(content, to_unicode=None, fields=(), extra=b"", group=b""):
    """A page of 600 by 800 points with the content stream and the fonts F1 (Helvetica) and F2
    (ZapfDingbats). to_unicode: maps codes of F1 to text. fields: dictionaries of annotations without
    /Type and /P. group: the dictionary of a field whose widgets all fields are."""
    kids = b" ".join(b"%d 0 R" % (10 + i) for i in range(len(fields)))
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding"
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%s] /DA (/F1 10 Tf) >> >>"
        % (b"7 0 R" if group else kids),
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
           b"/Resources << /Font << /F1 5 0 R /F2 8 0 R >> >> /Annots [%s] %s >>" % (kids, extra),
        4: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        5: font + (b" /ToUnicode 6 0 R >>" if to_unicode else b" >>"),
    }
    if to_unicode:
        rows = b"\n".join(b"<%02X> <%s>" % (code, text.encode("utf-16-be").hex().encode())
                          for code, text in to_unicode.items())
        cmap = (b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> "
                b"endcodespacerange %d beginbfchar\n%s\nendbfchar endcmap end" % (len(to_unicode), rows))
        objects[6] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(cmap), cmap)
    objects[8] = b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"
    if group:
        objects[7] = b"<< /Kids [%s] %s >>" % (kids, group)
    for i, field in enumerate(fields):
        objects[10 + i] = b"<< /Type /Annot /P 3 0 R %s %s >>" % (b"/Parent 7 0 R" if group else b"", field)
    return joined(objects)


def pages(*contents):
    """Pages of 600 by 800 points with these content streams."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [%s] /Count %d >>"
        % (b" ".join(b"%d 0 R" % (10 + 2 * i) for i in range(len(contents))), len(contents)),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    }
    for i, content in enumerate(contents):
        objects[10 + 2 * i] = (b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents %d 0 R "
                               b"/Resources << /Font << /F1 3 0 R >> >> >>" % (11 + 2 * i))
        objects[11 + 2 * i] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)
    return joined(objects)


def joined(objects):
    out, at = bytearray(b"%PDF-1.7\n"), {}
    for number, body in objects.items():
        at[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, offset in at.items():
        out += b"%d 1\n%010d 00000 n \n" % (number, offset)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (max(at) + 1, table)
    return bytes(out)


def shown(x, y, text, size=10, turn=(1, 0, 0, 1), font=b"F1"):
    """Text at a place counted from the bottom left; turn: the matrix's first four numbers."""
    data = text if isinstance(text, bytes) else text.encode("cp1252")
    data = data.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /%s %g Tf %g %g %g %g %g %g Tm (%s) Tj ET\n" % (font, size, *turn, x, y, data)
