//! The naive model, the steps of a history and the comparison: files of `src/core/tests`, which the
//! random tests there use too.

#[path = "../../src/core/tests/model/naive.rs"]
pub mod naive;
#[path = "../../src/core/tests/model/operations.rs"]
pub mod operations;
#[path = "../../src/core/tests/support/rules.rs"]
pub mod rules;
#[path = "../../src/core/tests/model/run.rs"]
pub mod run;
