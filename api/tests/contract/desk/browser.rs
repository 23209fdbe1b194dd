//! As much of a browser as the desk asks for: cookies, redirects, forms with what their pages put in.

use std::collections::BTreeMap;

use axum::Router;

use crate::world::{Reply, raw};

/// A browser on the desk.
pub(super) struct Browser<'w> {
    officer: &'w Router,
    pub(super) cookies: BTreeMap<String, String>,
    /// Headers that it sends with every request.
    pub(super) headers: Vec<(&'static str, &'static str)>,
}

/// The value of an attribute behind a place in a page.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()
}

impl<'w> Browser<'w> {
    pub(super) fn new(officer: &'w Router) -> Self {
        Self { officer, cookies: BTreeMap::new(), headers: vec![("sec-fetch-site", "same-origin")] }
    }

    pub(super) async fn request(&mut self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Reply {
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let jar = jar.join("; ");
        let mut headers = self.headers.clone();
        headers.extend([("cookie", jar.as_str()), ("content-type", kind)]);
        let reply = raw(self.officer, method, path, &headers, body).await;
        for line in reply.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    pub(super) async fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path, "", Vec::new()).await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let escaped = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        let body = pairs.join("&").into_bytes();
        self.request("POST", path, "application/x-www-form-urlencoded", body).await
    }

    /// What the page's form that has a field of that value sends beside what a person fills in.
    pub(super) fn hidden(page: &str, action: &str, mark: &str) -> Vec<(String, String)> {
        let forms = page.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
        let form = forms
            .filter(|form| attribute(&format!(" {form}"), "action") == Some(action))
            .find(|form| form.contains(mark))
            .unwrap_or_else(|| panic!("no form {action} with {mark} in {page}"));
        let tags = form.split("<input ").skip(1).map(|tag| format!(" {}", tag.split('>').next().unwrap()));
        let hidden = tags.filter(|tag| attribute(tag, "type") == Some("hidden"));
        hidden
            .map(|tag| {
                let text = |name| attribute(&tag, name).unwrap_or_default().to_owned();
                (text("name"), text("value"))
            })
            .collect()
    }

    /// Opens a page, fills in one of its forms and sends it.
    pub(super) async fn fill(
        &mut self,
        page: &str,
        (action, mark): (&str, &str),
        fields: &[(&str, &str)],
    ) -> Reply {
        let shown = self.get(page).await;
        assert_eq!(shown.status, 200, "{page}: {shown:?}");
        let hidden = Self::hidden(&shown.text, action, mark);
        let all =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(fields.iter().copied());
        self.post(action, &all.collect::<Vec<_>>()).await
    }

    /// Signs in.
    pub(super) async fn sign_in(&mut self, username: &str, password: &str) -> Reply {
        self.fill("/meja/masuk", ("/meja/masuk", "sandi"), &[("akun", username), ("sandi", password)]).await
    }
}
