//! Exports against the public schemas and vectors, which are not part of this project; as
//! `shared` has it.

use std::collections::HashMap;

use indelible_exchange::ExportFormat;
use jsonschema::Validator;
use serde_json::Value;

use crate::exports::{of_every_kind, written};
use crate::shared::shared;

#[test]
fn every_action_is_valid_ocsf() {
    let Some(folder) = shared("vectors", "ocsf-schema") else {
        return;
    };
    let mut classes: HashMap<u64, Validator> = HashMap::new();
    for file in std::fs::read_dir(folder.join("1.5.0")).expect("a folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("it reads");
        let schema: Value = serde_json::from_str(&text).expect("JSON");
        let class = schema["properties"]["class_uid"]["const"].as_u64();
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        classes.insert(class.expect("a class"), validator);
    }
    let mut seen: HashMap<u64, u32> = HashMap::new();
    for line in written(ExportFormat::Ocsf, &of_every_kind(), None).lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let class = event["class_uid"].as_u64().expect("a class");
        let errors: Vec<_> = classes[&class]
            .iter_errors(&event)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?} in {event:#}");
        *seen.entry(class).or_default() += 1;
    }
    for class in [3001, 3002, 3004, 3005, 6002, 6003] {
        assert!(seen.contains_key(&class), "no action is of class {class}");
    }
}
