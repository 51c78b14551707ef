//! What axe-core says about a page.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::page::Page;
use crate::programs::variable;

/// Names the file `axe.min.js`, for whoever has put it elsewhere than `scripts/test` does.
const AXE: &str = "INDELIBLE_AXE";
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/axe/axe.min.js");

/// All rules but the experimental ones: WCAG at levels A and AA, and best practice.
const RUN: &str = "axe.run(document, {resultTypes: ['violations'], elementRef: false}).then(
    (results) => ({checked: results.passes.length, violations: results.violations}))";

/// A rule of accessibility that a page breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's name.
    pub id: String,
    /// `minor`, `moderate`, `serious` or `critical`.
    pub impact: String,
    /// The rule in words.
    pub help: String,
    /// The selector and the HTML of each element that breaks it.
    pub nodes: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({}): {}", self.id, self.impact, self.help)?;
        for node in &self.nodes {
            write!(formatter, "\n    {node}")?;
        }
        Ok(())
    }
}

impl Page {
    /// Has axe-core look at the page as it is shown now, whatever the page's policy says, and
    /// whether scripts run or not.
    ///
    /// # Panics
    /// axe-core is not there, or checks nothing.
    pub async fn axe(&self) -> Vec<Violation> {
        let violations = self.run_axe().await;
        self.sound(violations, || "axe".to_owned()).await
    }

    async fn run_axe(&self) -> Result<Vec<Violation>> {
        let path = variable(AXE).map_or_else(|| PathBuf::from(BESIDE), PathBuf::from);
        let source = read(&path)?;
        // It works with timers, which stand still where no scripts run.
        let quiet = !self.seen().look.javascript;
        if quiet {
            self.quieten(false).await?;
        }
        let results = async {
            self.evaluate(&source).await?;
            self.evaluate(RUN).await
        };
        let results = results.await;
        if quiet {
            self.quieten(true).await?;
        }
        violations(&results?)
    }

    async fn quieten(&self, quiet: bool) -> Result<()> {
        let asked = json!({"value": quiet});
        let command = "Emulation.setScriptExecutionDisabled";
        self.session.devtools(command, asked).await.map(drop)
    }

    async fn evaluate(&self, expression: &str) -> Result<Value> {
        let asked = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let mut answer = self.session.devtools("Runtime.evaluate", asked).await?;
        let thrown = &answer["exceptionDetails"];
        ensure!(thrown.is_null(), "axe-core throws: {thrown}");
        Ok(answer["result"]["value"].take())
    }
}

fn read(path: &Path) -> Result<String> {
    let source = std::fs::read_to_string(path);
    source.with_context(|| {
        let path = path.display();
        format!(
            "{path}: axe-core is missing: `scripts/test` installs it there from npm (Debian: \
            `apt-get install npm`), or {AXE} names its axe.min.js"
        )
    })
}

fn violations(results: &Value) -> Result<Vec<Violation>> {
    let checked = results["checked"].as_u64().unwrap_or(0);
    ensure!(checked > 0, "axe-core has checked nothing: {results}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = results["violations"].as_array().context("violations")?;
    let node = |node: &Value| format!("{} {}", node["target"], text(&node["html"]));
    Ok(found
        .iter()
        .map(|violation| Violation {
            id: text(&violation["id"]),
            impact: text(&violation["impact"]),
            help: text(&violation["help"]),
            nodes: violation["nodes"]
                .as_array()
                .into_iter()
                .flatten()
                .map(node)
                .collect(),
        })
        .collect())
}
