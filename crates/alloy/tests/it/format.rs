//! Texts as `alloy fmt` writes them.

use barogram_alloy::{Diagnostics, Sources, format, parse};

fn formatted(text: &str) -> String {
    let mut sources = Sources::new();
    let file = sources.add("c", text);
    let mut problems = Diagnostics::new();
    let file = parse(&sources, file, &mut problems);
    assert!(problems.is_empty(), "{}", sources.render_all(&problems, false));
    format(&sources, &file)
}

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(formatted(text), expect, "{text}");
    assert_eq!(formatted(expect), expect, "not the same when written again");
}

#[test]
fn attributes_are_aligned() {
    check("a=1\nbcd   =  2\n\ne = 3", "a   = 1\nbcd = 2\n\ne = 3\n");
    check("a = 1\n\n\n\nb = 2", "a = 1\n\nb = 2\n");
    check(
        "a = 1\nbcd = [\n1,\n]\nefgh = 2\ni = 3",
        "a   = 1\nbcd = [\n\t1,\n]\nefgh = 2\ni    = 3\n",
    );
    check("", "");
}

#[test]
fn blocks_stand_apart() {
    check("a { }\nb \"c\" {d=1\n}", "a { }\n\nb \"c\" {\n\td = 1\n}\n");
    check(
        "a {\n\n  b = 1\n  c {\n d=`x\n y`\n ef=2}\n\n}",
        "a {\n\tb = 1\n\n\tc {\n\t\td = `x\n y`\n\t\tef = 2\n\t}\n}\n",
    );
    check("a {\n}\nb = 1", "a { }\nb = 1\n");
}

#[test]
fn lists_are_broken_where_they_were() {
    check("a = [1,2 , 3]", "a = [1, 2, 3]\n");
    check("a = [1,\n2,\n]", "a = [1,\n\t2,\n]\n");
    check("a = [[\n1,\n],\n[2]]", "a = [[\n\t1,\n],\n\t[2]]\n");
    check("a = {b=1,\"c\"=2}", "a = {b = 1, \"c\" = 2}\n");
    check(
        "a = {\nb=1,\ncde=[\n1,\n],\nf = 2,\n}",
        "a = {\n\tb   = 1,\n\tcde = [\n\t\t1,\n\t],\n\tf = 2,\n}\n",
    );
    check("a = f(1,g(2) , \n3,\n)", "a = f(1, g(2),\n\t3,\n)\n");
    check("a = f([\n{ b = 1 },\n], 2)", "a = f([\n\t{b = 1},\n], 2)\n");
    check("a = []\nb = {}\nc = {\n}\nd = [\n]", "a = []\nb = {}\nc = {}\nd = []\n");
}

#[test]
fn expressions() {
    check("a = -( 1+2 )*b . c [ 0 ]^2||!d", "a = -(1 + 2) * b.c[0] ^ 2 || !d\n");
    check("a = \"\\x41\" + `b` + 1e3", "a = \"\\x41\" + `b` + 1e3\n");
    check("a = 1 +\n 2", "a = 1 + 2\n");
}

#[test]
fn comments_are_kept() {
    check(
        "// a\n\n// b\na = 1 // c\nbcd = 22 // d\n// e\n",
        "// a\n\n// b\na   = 1  // c\nbcd = 22 // d\n// e\n",
    );
    check("a { // b\n c = 1\n // d\n}\n", "a { // b\n\tc = 1\n\t// d\n}\n");
    check("a {\n // b\n}", "a {\n\t// b\n}\n");
    check("a = 1\n// about b\nb { }\n", "a = 1\n\n// about b\nb { }\n");
    check(
        "a = [ // b\n 1, // c\n // d\n 2, // e\n // f\n]",
        "a = [ // b\n\t1, // c\n\t// d\n\t2, // e\n\t// f\n]\n",
    );
    check("a = [/* b */ 1, /* c */ 2 /* d */]", "a = [/* b */ 1, /* c */ 2 /* d */]\n");
    check("/* a */ b = 1\n/* c\n d */\ne = 2", "/* a */ b = 1\n/* c\n d */\ne = 2\n");
    check("a = {\n b = 1, // c\n // d\n}", "a = {\n\tb = 1, // c\n\t// d\n}\n");
    check("a = 1 + // b\n 2", "a = 1 + // b\n2\n");
}
