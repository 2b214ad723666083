//! Every route of the admin API, and its OpenAPI document.
//!
//! Pure. The server looks requests up in the same table that the document is made from.

use super::tokens::Role;
use serde_json::{Map, Value, json};

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Document,
    Health,
    Verdicts,
    Verdict,
    Rules,
    Reload,
}

/// One route. A path has at most one name in braces, at its end.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    /// `None`: no token is needed.
    pub role: Option<Role>,
    pub call: Call,
    pub about: &'static str,
    /// Names of query parameters, all of them whole numbers.
    pub query: &'static [&'static str],
}

const fn get(path: &'static str, role: Role, call: Call, about: &'static str) -> Route {
    Route { method: "GET", path, role: Some(role), call, about, query: &[] }
}

/// All of them.
pub const ROUTES: [Route; 6] = [
    Route { role: None, ..get("/openapi.json", Role::HelpDesk, Call::Document, "This document.") },
    get("/api/v1/health", Role::HelpDesk, Call::Health, "Is mail taken, and what is down?"),
    Route {
        query: &["after", "limit"],
        ..get("/api/v1/verdicts", Role::HelpDesk, Call::Verdicts, "The last verdicts, newest first.")
    },
    get(
        "/api/v1/verdicts/{name}",
        Role::HelpDesk,
        Call::Verdict,
        "The newest verdict with this reference or queue ID, with what it rests on.",
    ),
    get("/api/v1/rules", Role::HelpDesk, Call::Rules, "Every rule with what it weighs and how often it hit."),
    Route {
        method: "POST",
        ..get("/api/v1/reload", Role::Operator, Call::Reload, "Reads the configuration anew, as SIGHUP does.")
    },
];

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    Nothing,
    /// The path is there, for another method.
    Otherwise,
    Call(Call, Option<Role>, &'a str),
}

/// Looks a request up; the name in the path comes with it.
#[must_use]
pub fn find<'a>(method: &str, path: &'a str) -> Found<'a> {
    let mut found = Found::Nothing;
    for route in ROUTES {
        let name = match route.path.split_once('{') {
            None if route.path == path => "",
            Some((start, _)) => match path.strip_prefix(start) {
                Some(name) if !name.is_empty() && !name.contains('/') => name,
                _ => continue,
            },
            None => continue,
        };
        if route.method == method {
            return Found::Call(route.call, route.role, name);
        }
        found = Found::Otherwise;
    }
    found
}

/// The OpenAPI 3.1 document.
#[must_use]
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let mut parameters: Vec<Value> = route
            .query
            .iter()
            .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "integer", "minimum": 0 } }))
            .collect();
        if route.path.contains("{name}") {
            parameters.push(json!({ "name": "name", "in": "path", "required": true, "schema": { "type": "string" } }));
        }
        let schema = json!({ "application/json": { "schema": { "type": "object" } } });
        let error = json!({ "description": "why not", "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Error" } } } });
        let mut operation = json!({
            "summary": route.about,
            "parameters": parameters,
            "responses": { "200": { "description": "the answer", "content": schema }, "default": error },
        });
        if let (Some(role), Some(operation)) = (route.role, operation.as_object_mut()) {
            operation.insert("security".to_owned(), json!([{ "token": [] }]));
            operation.insert("x-role".to_owned(), json!(role.word()));
        }
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_ascii_lowercase(), operation);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_finds_its_route() {
        assert_eq!(find("GET", "/api/v1/verdicts/4ABC"), Found::Call(Call::Verdict, Some(Role::HelpDesk), "4ABC"));
        assert_eq!(find("GET", "/api/v1/reload"), Found::Otherwise);
        assert_eq!(find("GET", "/api/v1/verdicts/"), Found::Nothing);
        assert_eq!(find("GET", "/api/v1/verdicts/a/b"), Found::Nothing);
    }
}
