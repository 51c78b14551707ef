//! The cookies that a browser keeps.

use serde_json::{Value, json};

use super::page::Page;

/// A cookie that the page's server would get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The path below which it is sent.
    pub path: String,
    /// Whether scripts may not see it.
    pub http_only: bool,
    /// Whether it is sent over TLS only.
    pub secure: bool,
    /// `Strict`, `Lax` or `None`.
    pub same_site: String,
}

impl Page {
    /// The cookies that the page's server gets with the next request.
    pub async fn cookies(&self) -> Vec<Cookie> {
        let cookies = self.session.get("/cookie").await;
        let cookies = self.sound(cookies, || "cookies".to_owned()).await;
        let cookies = cookies.as_array().into_iter().flatten();
        cookies.map(cookie).collect()
    }

    /// The cookie of that name.
    pub async fn cookie(&self, name: &str) -> Option<Cookie> {
        let cookies = self.cookies().await;
        cookies.into_iter().find(|cookie| cookie.name == name)
    }

    /// Gives the browser a cookie for the page's server.
    pub async fn set_cookie(&self, name: &str, value: &str) {
        let cookie = json!({"cookie": {"name": name, "value": value}});
        let set = self.session.post("/cookie", cookie).await;
        self.sound(set, || format!("set cookie {name}")).await;
    }

    /// Takes a cookie away from the browser.
    pub async fn delete_cookie(&self, name: &str) {
        let deleted = self.session.delete(&format!("/cookie/{name}")).await;
        self.sound(deleted, || format!("delete cookie {name}"))
            .await;
    }

    /// Takes all cookies of the page's server away from the browser.
    pub async fn delete_cookies(&self) {
        let deleted = self.session.delete("/cookie").await;
        self.sound(deleted, || "delete cookies".to_owned()).await;
    }
}

fn cookie(cookie: &Value) -> Cookie {
    let text = |name: &str| cookie[name].as_str().unwrap_or_default().to_owned();
    let flag = |name: &str| cookie[name] == Value::Bool(true);
    Cookie {
        name: text("name"),
        value: text("value"),
        path: text("path"),
        http_only: flag("httpOnly"),
        secure: flag("secure"),
        same_site: text("sameSite"),
    }
}
