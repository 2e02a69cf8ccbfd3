"""Text is escaped once, markup never."""

from tampu.server.html import Html, code, document, join, prose, table, tag


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "a < b", tag("b", "&")) == "<p>a &lt; b<b>&amp;</b></p>"


def test_attributes_are_escaped() -> None:
    assert tag("a", "x", href='"><script>', class_="c") == '<a href="&quot;&gt;&lt;script&gt;" class="c">x</a>'


def test_text_beside_markup_stays_text() -> None:
    assert join(("<", Html("<br>"), "<")) == "&lt;<br>&lt;"
    assert code("a&b") == "<code>a&amp;b</code>"


def test_words_in_backticks_are_code() -> None:
    assert prose("with `raw` < all") == "with <code>raw</code> &lt; all"


def test_a_table_says_which_cells_are_its_head() -> None:
    assert '<tr><th scope="col">a</th></tr>' in table(("a",), [("1",)])
    assert "<tbody><tr><td>1</td></tr></tbody>" in table(("a",), [("1",)])


def test_a_page_brings_its_own_style_and_allows_nothing_else() -> None:
    answer = document("<title>", tag("h1", "x"))
    assert "<title>&lt;title&gt;</title>" in bytes(answer.body).decode()
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
