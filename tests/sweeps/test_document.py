import pytest

from rdsweep.sweeps._document import Document, SweepError, format_document, parse_document, read_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),  # text to a YAML 1.1 reader, as are the next two
        ("1e3", 1000.0),
        (".5E+2", 50.0),
        ("010", 10),  # 8 to a YAML 1.1 reader
        ("off", "off"),  # False to a YAML 1.1 reader, as is the next one
        ("no", "no"),
        ("1_000", "1_000"),
        ("2026-11-24", "2026-11-24"),
        ("none", "none"),
        ("~", None),
        ("True", True),
        ("-.inf", float("-inf")),
        ("'1'", "1"),
    ],
)
def test_scalars_follow_the_core_schema(text, value):
    assert parse_document(f"key: {text}", name="file").data == {"key": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "file:3: can't be read: the key 'a' stands twice in one mapping"),
        ("a: &x 1\nb: *x", "file:2: can't be read: aliases are not allowed"),
        ("a: !!python/name:os.system x", "can't be read: the tag 'tag:yaml.org,2002:python/name:os.system'"),
        ("a: !!int x", "file:1: can't be read: 'x' is no int"),
        ("1: a", "file:1: can't be read: keys must be text"),
        ("? [a]\n: 1", "file:1: can't be read: keys must be text"),
        ("a: [1", "file:1: can't be read: expected ',' or ']'"),
        ("a: 1\n---\nb: 2", "can't be read"),
        ("\0", "file: can't be read: unacceptable character"),
        ("[" * 1500, "file: the file is nested too deeply"),
    ],
)
def test_what_cannot_be_read_says_where_in_one_line(text, message):
    with pytest.raises(SweepError) as caught:
        parse_document(text, name="file")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_text_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(SweepError, match="the file must be UTF-8 text"):
        read_document(path)


def test_errors_carry_the_line_of_their_key():
    document = parse_document("a: 1\nspace:\n  - grid:\n      capacity: [1,\n        -2]\n", name="file")
    assert str(document.error(("space", 0, "grid", "capacity", 1), "is bad")) == (
        "file:5: space[0].grid.capacity[1] is bad"
    )


def test_parts_of_a_location_that_are_not_in_the_document_are_left_out():
    document = Document("data", {"space": {"grid": 1}})
    assert str(document.error(("space", 0, "grid", "a tag"), "is bad")) == "data: space.grid is bad"
    assert str(document.error((), "is bad")) == "data: the file is bad"


def test_formatted_text_is_read_back_unchanged():
    data = {
        "text": ["1e5", "010", "off", "true", "", "~", "é", "two\nlines"],
        "numbers": [1e-5, 1e300, 3, float("inf")],
        "rest": {"none": None, "empty": {}, "nested": [[1], []]},
    }
    assert parse_document(format_document(data), name="file").data == data
