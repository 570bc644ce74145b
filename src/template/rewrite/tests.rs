//! Ansible's expressions become minijinja's without changing their meaning.

use super::*;

/// The rewritten expression without the places that attribute access carries.
fn expr(text: &str) -> String {
    without_places(&expression(text, 0..text.len(), Embedding::Lookups).text)
}

fn without_places(text: &str) -> String {
    let place = fancy_regex::Regex::new(r",\d+,\d+\)").unwrap();
    place.replace_all(text, ")").into_owned()
}

#[test]
fn attribute_access_says_where_it_stood() {
    let text = "x + a.b.c";
    assert_eq!(
        expression(text, 0..text.len(), Embedding::Lookups).text,
        "x + __get(__get(a,'b',4,7),'c',4,9)"
    );
}

#[test]
fn attribute_access_becomes_a_call() {
    assert_eq!(expr("a.b"), "__get(a,'b')");
    assert_eq!(expr("a.b.c + 1"), "__get(__get(a,'b'),'c') + 1");
    assert_eq!(expr("a['b'].c.0"), "__get(__get(__get(a,'b'),'c'),0)");
    assert_eq!(expr("a[b.c]"), "__get(a,__get(b,'c'))");
    assert_eq!(expr("-a.b | abs"), "-__get(a,'b') | abs");
    assert_eq!(expr("a[1:b.c].d"), "__get(a[1:__get(b,'c')],'d')");
    assert_eq!(expr("1.5 + 2"), "1.5 + 2");
}

#[test]
fn methods_filters_and_tests() {
    assert_eq!(expr("a.items()"), "__call(a,'items')");
    assert_eq!(
        expr("a.split(b.c)[0]"),
        "__get(__call(a,'split',__get(b,'c')),0)"
    );
    assert_eq!(expr("x | a.b.c(d.e)"), "x | a.b.c(__get(d,'e'))");
    assert_eq!(expr("x is a.b.c"), "x is a.b.c");
    assert_eq!(
        expr("x is not version(v.w, '>=')"),
        "x is not version(__get(v,'w'), '>=')"
    );
    assert_eq!(expr("x is sameas a.b"), "x is sameas __get(a,'b')");
    assert_eq!(expr("{'a': b.c}.a"), "__get({'a': __get(b,'c')},'a')");
}

#[test]
fn formats_and_tuples() {
    assert_eq!(expr("'%s' % x"), "__format('%s', x)");
    assert_eq!(
        expr("'%s' % (x.y, 1) ~ 'b'"),
        "__format('%s', (__get(x,'y'), 1)) ~ 'b'"
    );
    assert_eq!(expr("7 % 3"), "7 % 3");
    assert_eq!(expr("1, 2"), "(1, 2)");
    let text = "{% for x in 'a', 'b' %}{{ x.y }}{% endfor %}";
    assert_eq!(
        without_places(&template(text, &Marks::default(), Backslashes::Plain).text),
        "{% for x in ('a', 'b') %}{{ __get(x,'y') }}{% endfor %}"
    );
    let text = "{% set ns.x = a.b %}{% raw %}{{ a.b }}{% endraw %}{# a.b #}";
    assert_eq!(
        without_places(&template(text, &Marks::default(), Backslashes::Plain).text),
        "{% set ns.x = __get(a,'b') %}{% raw %}{{ a.b }}{% endraw %}{# a.b #}"
    );
}

#[test]
fn embedded_templates_in_lookups() {
    assert_eq!(
        expr("lookup('file', '{{ d }}/x') ~ '{{'"),
        "lookup('file', __embed('{{ d }}/x')) ~ '{{'"
    );
}

#[test]
fn positions_lead_back() {
    let text = "{{ a.b + cc.dd }}";
    let out = template(text, &Marks::default(), Backslashes::Plain);
    let at = out.text.find("cc").unwrap();
    assert_eq!(out.original(at), text.find("cc").unwrap());
    let at = out.text.find("dd").unwrap();
    assert_eq!(out.original(at), text.find("dd").unwrap());
}

#[test]
fn shapes() {
    assert_eq!(shape("a"), Shape::Plain);
    assert_eq!(shape("{{ a }}"), Shape::Single(2..5));
    assert_eq!(shape("{{- a -}}\n"), Shape::Single(3..6));
    assert_eq!(shape("{{ a }}{{ b }}"), Shape::Mixed);
    assert_eq!(shape(" {{ a }}"), Shape::Mixed);
    assert_eq!(shape("{{ '}}' }}"), Shape::Single(2..8));
    assert_eq!(shape("{{ {'a':{}}}}"), Shape::Single(2..11));
}

proptest::proptest! {
    #[test]
    fn rewriting_never_panics(text in "[a-z0-9.|(){}%\\[\\]'\" ,=+#é-]{0,40}") {
        let out = template(&text, &Marks::default(), Backslashes::Plain);
        for at in 0..=out.text.len() {
            proptest::prop_assert!(out.original(at) <= text.len());
        }
        let _ = shape(&text);
    }
}

#[test]
fn backslashes_mean_themselves_in_yaml() {
    assert_eq!(expr(r"x | f('\1', 'a\'b')"), r"x | f('\\1', 'a\\\'b')");
    let text = r"{% if '\n' %}{{ '\n' }}{% endif %}";
    let out = |backslashes| template(text, &Marks::default(), backslashes).text;
    assert_eq!(
        out(Backslashes::Plain),
        r"{% if '\n' %}{{ '\\n' }}{% endif %}"
    );
    assert_eq!(out(Backslashes::Escapes), text);
}
