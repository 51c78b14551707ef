//! What a browser complains about on its console.

use std::fmt;

use anyhow::Result;
use serde_json::{Value, json};

use super::page::Page;

/// Writes to the console what the page's policy has refused, so that it is known twice over.
pub(super) const LISTENER: &str = "addEventListener('securitypolicyviolation', (event) => {
    const {effectiveDirective: directive, blockedURI: blocked, documentURI: page} = event;
    console.error(`policy violated: ${directive} refuses ${blocked} on ${page}`);
});";
const LISTENED: &str = "policy violated: ";

/// What a policy would refuse that allows no inline code, where no script runs: the browser does
/// not ask its policy there.
const INLINE: &str = "
    const code = (script) => !script.src && !/json$/.test(script.type);
    const handler = (element) =>
        element.getAttributeNames().some((name) => name === 'style' || name.startsWith('on'));
    return Array.from(document.querySelectorAll('*'))
        .filter((element) => element.localName === 'style' || handler(element)
            || (element.localName === 'script' && code(element)))
        .map((element) => element.outerHTML.slice(0, 200));";

/// What kind of complaint it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The page's content security policy has refused something.
    Policy,
    /// A script has thrown, or written an error to the console.
    Script,
    /// Something that belongs to the page could not be loaded.
    Network,
}

/// Something that a page without faults does not make its browser say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What kind it is.
    pub fault: Fault,
    /// The words of the browser, which begin with the address.
    pub text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.fault, self.text)
    }
}

impl Page {
    /// All that the browser has complained about since the page was opened, through all
    /// navigations: refusals of the page's policy, exceptions and errors of scripts, and what
    /// belongs to a page and could not be loaded. The status of a page itself is none: see
    /// [`Page::traffic`]. Where no scripts run, inline code in the document that is shown now is
    /// one, whatever the policy says.
    pub async fn complaints(&self) -> Vec<Complaint> {
        let complaints = self.gather_complaints().await;
        self.sound(complaints, || "complaints".to_owned()).await
    }

    pub(super) async fn gather_complaints(&self) -> Result<Vec<Complaint>> {
        self.read_traffic().await?;
        let entries = self.session.log("browser").await?;
        let inline = if self.seen().look.javascript {
            Vec::new()
        } else {
            let found = self.session.run(INLINE, json!([])).await?;
            found.as_array().cloned().unwrap_or_default()
        };
        let mut seen = self.seen();
        let mut new: Vec<Complaint> = entries.iter().filter_map(complaint).collect();
        new.retain(|complaint| {
            complaint.fault != Fault::Network || !seen.record.is_of_document(&complaint.text)
        });
        let inline = inline.iter().map(|html| Complaint {
            fault: Fault::Policy,
            text: format!("inline code: {}", html.as_str().unwrap_or_default()),
        });
        new.extend(inline.filter(|inline| !seen.complaints.contains(inline)));
        seen.complaints.extend(new);
        Ok(seen.complaints.clone())
    }
}

fn complaint(entry: &Value) -> Option<Complaint> {
    let [level, source, text] = ["level", "source", "message"].map(|name| entry[name].as_str());
    let text = text.unwrap_or_default().to_owned();
    let fault = match source.unwrap_or_default() {
        "security" => Fault::Policy,
        _ if text.contains(LISTENED) => Fault::Policy,
        "network" => Fault::Network,
        _ => Fault::Script,
    };
    let grave = fault == Fault::Policy || level == Some("SEVERE");
    grave.then_some(Complaint { fault, text })
}
