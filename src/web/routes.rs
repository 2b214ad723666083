//! Every route of the admin API, and its OpenAPI document.
//!
//! Pure. The server looks requests up in the same table that the document is made from.

use super::tokens::Role;
use serde_json::{Map, Value, json};

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Document,
    Me,
    Health,
    Live,
    Verdicts,
    Verdict,
    Rules,
    Explain,
    Held,
    HeldOne,
    Release,
    Delete,
    Learn,
    Subjects,
    Subject,
    PutSubject,
    RemoveSubject,
    Reload,
}

/// What comes with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    Nothing,
    Mail,
    /// A mail, or JSON that names one.
    MailOrName,
    Json,
}

/// One route. A path has at most one name in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    /// Who may call it; nobody named: no token is needed.
    pub roles: &'static [Role],
    pub call: Call,
    pub about: &'static str,
    /// Query parameters with their types.
    pub query: &'static [(&'static str, &'static str)],
    pub body: Body,
}

const ALL: &[Role] = &Role::ALL;
const OWN: &[Role] = &[Role::Recipient, Role::HelpDesk, Role::Operator];
const STAFF: &[Role] = &[Role::HelpDesk, Role::Operator];
const HOLDERS: &[Role] = &[Role::Recipient, Role::Operator];
const PORTAL: &[Role] = &[Role::Portal, Role::Operator];
const OPERATOR: &[Role] = &[Role::Operator];

const fn get(path: &'static str, roles: &'static [Role], call: Call, about: &'static str) -> Route {
    Route { method: "GET", path, roles, call, about, query: &[], body: Body::Nothing }
}

const fn post(path: &'static str, roles: &'static [Role], call: Call, about: &'static str) -> Route {
    Route { method: "POST", ..get(path, roles, call, about) }
}

/// All of them.
pub const ROUTES: [Route; 18] = [
    get("/openapi.json", &[], Call::Document, "This document."),
    get("/api/v1/me", ALL, Call::Me, "Name and role of this token."),
    get("/api/v1/health", STAFF, Call::Health, "Is mail taken, what is down, how much is under way?"),
    get(
        "/api/v1/live",
        STAFF,
        Call::Live,
        "Verdicts as they are made (text/event-stream): events verdict, lost (for slow readers) and end (of the server).",
    ),
    Route {
        query: &[("after", "integer"), ("limit", "integer")],
        ..get("/api/v1/verdicts", OWN, Call::Verdicts, "The last verdicts, newest first.")
    },
    get(
        "/api/v1/verdicts/{name}",
        OWN,
        Call::Verdict,
        "The newest verdict with this reference or queue ID, with what it rests on.",
    ),
    get("/api/v1/rules", STAFF, Call::Rules, "Every rule with what it weighs and how often it hit."),
    Route {
        query: &[("why_not", "string")],
        body: Body::Mail,
        ..post(
            "/api/v1/explain",
            STAFF,
            Call::Explain,
            "Judges a mail without consequences and tells how the verdict came about; why_not names rules, several with commas.",
        )
    },
    Route {
        query: &[("all", "integer"), ("limit", "integer")],
        ..get(
            "/api/v1/quarantine",
            OWN,
            Call::Held,
            "Mail set aside that somebody waits for, newest first; all=1: all of it.",
        )
    },
    get("/api/v1/quarantine/{name}", HOLDERS, Call::HeldOne, "One mail set aside, with its header section and parts."),
    post(
        "/api/v1/quarantine/{name}/release",
        HOLDERS,
        Call::Release,
        "Hands the mail over to those who wait for it; recipients to themselves, where their class allows it.",
    ),
    Route {
        method: "DELETE",
        ..get("/api/v1/quarantine/{name}", HOLDERS, Call::Delete, "Deletes the mail; recipients for themselves.")
    },
    Route {
        query: &[("as", "string")],
        body: Body::MailOrName,
        ..post(
            "/api/v1/learn",
            STAFF,
            Call::Learn,
            "Teaches the model a mail, as=ham or as=spam: the mail itself, or JSON with `quarantine`, an ID or reference.",
        )
    },
    get("/api/v1/recipients", PORTAL, Call::Subjects, "All subjects with their addresses and classes."),
    get("/api/v1/recipients/{name}", PORTAL, Call::Subject, "One subject."),
    Route {
        method: "PUT",
        body: Body::Json,
        ..get(
            "/api/v1/recipients/{name}",
            PORTAL,
            Call::PutSubject,
            "Says which addresses a subject has and which class counts for it; 409 where another one has an address.",
        )
    },
    Route { method: "DELETE", ..get("/api/v1/recipients/{name}", PORTAL, Call::RemoveSubject, "Forgets a subject.") },
    post("/api/v1/reload", OPERATOR, Call::Reload, "Reads the configuration anew, as SIGHUP does."),
];

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    Nothing,
    /// The path is there, for another method.
    Otherwise,
    Route(Route, &'a str),
}

/// Looks a request up; the name in the path comes with it.
#[must_use]
pub fn find<'a>(method: &str, path: &'a str) -> Found<'a> {
    let mut found = Found::Nothing;
    for route in ROUTES {
        let Some(name) = name(route.path, path) else { continue };
        if route.method == method {
            return Found::Route(route, name);
        }
        found = Found::Otherwise;
    }
    found
}

/// What stands in a path where the route's path has its name; empty where that has none.
fn name<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    let Some((start, rest)) = route.split_once('{') else { return (route == path).then_some("") };
    let end = rest.split_once('}').map_or("", |(_, end)| end);
    let name = path.strip_prefix(start)?.strip_suffix(end)?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// The OpenAPI 3.1 document.
#[must_use]
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_ascii_lowercase(), operation(&route));
        }
    }
    let text = json!({ "type": "string" });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Wehr admin API", "version": "1" },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Error": { "type": "object", "required": ["error", "hint"],
                "properties": { "error": text, "hint": text } } },
        },
    })
}

fn operation(route: &Route) -> Value {
    let parameter = |(name, kind): &(&str, &str)| {
        let schema = if *kind == "integer" { json!({ "type": kind, "minimum": 0 }) } else { json!({ "type": kind }) };
        json!({ "name": name, "in": "query", "schema": schema })
    };
    let mut parameters: Vec<Value> = route.query.iter().map(parameter).collect();
    if route.path.contains("{name}") {
        parameters.push(json!({ "name": "name", "in": "path", "required": true, "schema": { "type": "string" } }));
    }
    let kind = if route.call == Call::Live { "text/event-stream" } else { "application/json" };
    let schema = json!({ "type": if route.call == Call::Live { "string" } else { "object" } });
    let error = json!({ "description": "why not", "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/Error" } } } });
    let mut operation = json!({
        "summary": route.about,
        "parameters": parameters,
        "responses": { "200": { "description": "the answer", "content": { kind: { "schema": schema } } }, "default": error },
    });
    let Some(fields) = operation.as_object_mut() else { return operation };
    if !route.roles.is_empty() {
        let roles: Vec<&str> = route.roles.iter().map(|role| role.word()).collect();
        fields.insert("security".to_owned(), json!([{ "token": [] }]));
        fields.insert("x-roles".to_owned(), json!(roles));
    }
    let kinds: &[&str] = match route.body {
        Body::Nothing => &[],
        Body::Mail => &["message/rfc822"],
        Body::MailOrName => &["message/rfc822", "application/json"],
        Body::Json => &["application/json"],
    };
    if !kinds.is_empty() {
        let content: Map<String, Value> = kinds.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect();
        fields.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> Option<(Call, String)> {
        match find(method, path) {
            Found::Route(route, name) => Some((route.call, name.to_owned())),
            _ => None,
        }
    }

    #[test]
    fn a_request_finds_its_route() {
        assert_eq!(call("GET", "/api/v1/verdicts/4ABC"), Some((Call::Verdict, "4ABC".to_owned())));
        assert_eq!(call("POST", "/api/v1/quarantine/a-1/release"), Some((Call::Release, "a-1".to_owned())));
        assert_eq!(call("DELETE", "/api/v1/recipients/p-1"), Some((Call::RemoveSubject, "p-1".to_owned())));
        assert_eq!(find("GET", "/api/v1/reload"), Found::Otherwise);
        for path in ["/api/v1/verdicts/", "/api/v1/verdicts/a/b", "/api/v1/quarantine//release"] {
            assert_eq!(find("GET", path), Found::Nothing, "{path}");
        }
    }

    #[test]
    fn what_changes_something_is_no_get() {
        for route in ROUTES {
            let changes = matches!(
                route.call,
                Call::Release | Call::Delete | Call::Learn | Call::PutSubject | Call::RemoveSubject | Call::Reload
            );
            assert!(!changes || route.method != "GET", "{}", route.path);
        }
    }
}
