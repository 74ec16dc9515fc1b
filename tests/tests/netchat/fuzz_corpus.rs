//! Every input of the corpus goes through its target, without a fuzzer.

use std::fs;
use std::path::Path;

use netchat_tests::fuzz::{TARGETS, run};

#[test]
fn every_input_of_the_corpus_still_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, _) in TARGETS {
        let inputs: Vec<_> = fs::read_dir(corpus.join(name)).unwrap().collect();
        assert!(!inputs.is_empty(), "{name} has a corpus");
        for input in inputs {
            let path = input.unwrap().path();
            println!("{}", path.display());
            run(name, &fs::read(path).unwrap());
        }
    }
}

#[test]
fn every_target_has_a_program_for_the_fuzzer() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let programs = fs::read_dir(programs).unwrap().map(|entry| entry.unwrap().file_name());
    let mut programs: Vec<_> = programs
        .map(|name| name.into_string().unwrap().trim_end_matches(".rs").to_owned())
        .collect();
    let mut targets: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    programs.sort();
    targets.sort();
    assert_eq!(programs, targets);
}
