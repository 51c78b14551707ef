//! That every case is in the list that stores mount.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_case_is_listed_once() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let list = fs::read_to_string(source.join("suite.rs")).expect("the list is there");
    let mut files = vec![source.join("model.rs")];
    for file in fs::read_dir(source.join("cases")).expect("the cases are there") {
        files.push(file.expect("a file").path());
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a case file is text");
        let topic = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a topic");
        assert!(
            list.contains(&format!("{{ {topic}:\n")),
            "the topic {topic} is not listed"
        );
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("pub async fn ") else {
                continue;
            };
            let name = rest
                .split('(')
                .next()
                .expect("a function has a name")
                .to_owned();
            let listed = list.lines().filter(|line| line.trim() == name).count();
            assert_eq!(listed, 1, "{name} of {topic} in the list");
            assert!(names.insert(name.clone()), "two cases are called {name}");
        }
    }
    assert!(names.len() > 100, "only {} cases were read", names.len());
}
