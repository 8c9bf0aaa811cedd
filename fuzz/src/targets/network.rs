//! Who may call, and what Services, Ingresses and label selectors lead to.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, Uri};
use flinkgate::admission::answer::Webhook;
use flinkgate::admission::registration::path_token::{PathToken, with_token};
use flinkgate::flink::exposures::{Effect, backends, effect, hosts, names_pods};
use flinkgate::kubernetes::placement::{Label, selects};
use flinkgate::resource::yaml;
use flinkgate::server::callers::{Callers, guard};
use flinkgate::server::path_tokens::AcceptedTokens;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};
use tower::ServiceExt;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Files of path tokens, and paths that get one.
pub fn path_tokens(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let own = PathToken::parse(TOKEN).unwrap();
    assert_eq!(own.is(&text), text == TOKEN);
    for webhook in [Webhook::Mutate, Webhook::Validate] {
        for token in [None, Some(&own)] {
            let whole = with_token(&text, webhook, token);
            assert_eq!(with_token(&whole, webhook, token), whole, "{text:?}");
            assert!(token.is_none() || whole.ends_with(TOKEN), "{text:?}");
        }
    }
    let Ok(tokens) = PathToken::parse_lines(&text) else { return false };
    assert!(!tokens.is_empty());
    for token in &tokens {
        assert!(text.contains(token.expose()));
        assert_eq!(PathToken::parse(token.expose()).as_ref(), Ok(token));
        assert!(!format!("{token:?}").contains(token.expose()));
    }
    true
}

/// Paths of requests: only a webhook's path with the token is answered, and nothing behind the guard
/// sees the token.
pub fn callers(data: &[u8]) -> bool {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    static ROUTER: OnceLock<Router> = OnceLock::new();
    let text = String::from_utf8_lossy(data);
    let Ok(uri) = Uri::try_from(text.as_ref()) else { return false };
    let router = ROUTER.get_or_init(|| {
        let accepted = Arc::new(AcceptedTokens::default());
        accepted.set(vec![PathToken::parse(TOKEN).unwrap()]);
        let inner = Router::new().fallback(|uri: Uri| async move { uri.path().to_owned() });
        guard(inner, Callers::WithToken(accepted), Arc::default())
    });
    let runtime =
        RUNTIME.get_or_init(|| tokio::runtime::Builder::new_current_thread().build().unwrap());
    let segments: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let expected = matches!(segments.as_slice(), ["mutate" | "validate", TOKEN]);
    let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
    let (status, body) = runtime.block_on(async {
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, axum::body::to_bytes(response.into_body(), 4096).await.unwrap())
    });
    assert_eq!(status == StatusCode::OK, expected, "{text:?}");
    if expected {
        assert!([&b"/mutate"[..], b"/validate"].contains(&&body[..]), "{text:?}");
    } else {
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{text:?}");
    }
    expected
}

/// Annotations of Ingresses and Services.
pub fn annotations(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let mut parts = super::parts(&text);
    let (key, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let _ = names_pods(key);
    let led = backends(key, value);
    assert!(led.len() <= value.len() + 1);
    let Some(found) = effect(key, value) else { return !led.is_empty() };
    assert!(hosts(found, value).len() <= value.len() + 1);
    if found == Effect::HostPatterns {
        // Controllers have these keys under any prefix.
        let (_, name) = key.split_once('/').unwrap_or(("", key));
        assert_eq!(effect(&format!("x/{name}"), value), Some(found), "{text:?}");
        assert_eq!(hosts(found, value), [format!("~{value}")], "{text:?}");
    }
    true
}

/// Label selectors, in YAML, against a reading of what Kubernetes documents.
pub fn selectors(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let Some(selector) = yaml::parse(&text).into_iter().find_map(|document| document.value) else {
        return false;
    };
    let labels = json!({"app": "etl", "component": "jobmanager", "": ""});
    let label = |key: &str| match labels.get(key).and_then(Value::as_str) {
        Some(value) => Label::Value(value),
        None => Label::Absent,
    };
    let found = selects(Some(&selector), label);
    assert_eq!(found, matches(&selector, &labels), "{selector}");
    // What is not known selects no more than what is known to be absent or present.
    if selects(Some(&selector), |_| Label::Later) {
        assert!(found, "{selector}");
    }
    assert!(!selects(None, label));
    selector.is_object()
}

/// Whether all requirements hold. One that cannot be read does not.
fn matches(selector: &Value, labels: &Value) -> bool {
    let Value::Object(fields) = selector else { return false };
    if let Some(Value::Object(wanted)) = fields.get("matchLabels") {
        for (key, value) in wanted {
            if !value.is_string() || labels.get(key) != Some(value) {
                return false;
            }
        }
    }
    let Some(Value::Array(expressions)) = fields.get("matchExpressions") else { return true };
    for expression in expressions {
        let (Some(key), Some(operator)) =
            (expression["key"].as_str(), expression["operator"].as_str())
        else {
            return false;
        };
        let (own, values) = (labels.get(key), expression["values"].as_array());
        let is_listed = own.is_some_and(|own| values.is_some_and(|values| values.contains(own)));
        let holds = match operator {
            "In" => is_listed,
            "NotIn" => !is_listed,
            "Exists" => own.is_some(),
            "DoesNotExist" => own.is_none(),
            _ => false,
        };
        if !holds {
            return false;
        }
    }
    true
}
