"""What the view answers to requests that are right, wrong, or neither: statuses, headers and codes."""

import json

import orjson
import pytest
from calling import GRAPHQL_RESPONSE, Client, codes
from kiosk import TRUSTED, kiosk

from souvenir.api.http.documents import document_id
from souvenir.api.http.view import SEPTEMBER_2026, Settings
from souvenir.api.http.workers import Workers

SHOP = "/graphql/storefront"
JSON = {"content-type": "application/json"}
HELLO = b'{"query":"{hello}"}'

client = Client(kiosk())


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [
        (None, 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/*", 200, "application/json"),
        ("application/json", 200, "application/json"),
        ("application/graphql-response+json", 200, "application/graphql-response+json"),
        ("application/graphql-response+json, application/json;q=0.9", 200, "application/graphql-response+json"),
        ("application/graphql-response+json;q=0.8, application/json", 200, "application/json"),
        ("application/json, application/graphql-response+json", 200, "application/json"),
        ("application/graphql-response+json, application/json", 200, "application/graphql-response+json"),
        ("application/json;q=0, */*", 200, "application/graphql-response+json"),
        ("text/html, */*;q=0.1", 200, "application/json"),
        ("APPLICATION/JSON", 200, "application/json"),
        ("text/plain", 406, "application/json"),
        ("application/json;q=0", 406, "application/json"),
        ("application/json;q=high", 406, "application/json"),
    ],
)
def test_the_media_type_is_the_one_the_caller_likes_best(accept, status, media):
    headers = {**JSON, **({"accept": accept} if accept else {})}
    response = client.request("POST", SHOP, headers, content=HELLO)
    assert response.status_code == status
    assert response.headers["content-type"] == f"{media}; charset=utf-8"
    assert "Accept" in response.headers["vary"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON; Charset="UTF-8"', 200),
        (None, 415),
        ("text/plain", 415),
        ("application/jsonp", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/json; charset=latin-1", 415),
        ("x/application/json", 415),
    ],
)
def test_a_body_is_json_in_utf_8_by_its_exact_content_type(content_type, status):
    headers = {"content-type": content_type} if content_type else {}
    assert client.request("POST", SHOP, headers, content=HELLO).status_code == status


def test_a_compressed_body_is_refused():
    response = client.request("POST", SHOP, {**JSON, "content-encoding": "gzip"}, content=HELLO)
    assert response.status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"7",
        b"null",
        b'"{hello}"',
        b"[]",
        b'[{"query":"{hello}"},{"query":"{hello}"}]',
        b"{}",
        b'{"query":null}',
        b'{"query":7}',
        b'{"query":{"hello":1}}',
        b'{"query":"{hello}","variables":"{}"}',
        b'{"query":"{hello}","variables":[1]}',
        b'{"query":"{hello}","operationName":7}',
        b'{"query":"{hello}","extensions":"none"}',
        b'{"documentId":7}',
        b'{"extensions":{"persistedQuery":{"sha256Hash":7}}}',
        b'{"query":"{hello}","variables":{"a":NaN}}',
        b'{"query":"\xff\xfe"}',
        b'{"query":"\\ud800"}',
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
    ],
)
@pytest.mark.parametrize("accept", ["application/json", GRAPHQL_RESPONSE])
def test_a_body_that_is_no_request_is_answered_400_in_json(body, accept):
    response = client.request("POST", SHOP, {**JSON, "accept": accept}, content=body)
    assert response.status_code == 400
    assert codes(response) == ["BAD_REQUEST"]
    assert "data" not in response.json()


@pytest.mark.parametrize("body", ['{"query":"{hello}","variables":null,"operationName":null,"extensions":null}'])
def test_null_is_the_same_as_absent(body):
    assert client.request("POST", SHOP, JSON, content=body).json() == {"data": {"hello": "hello world"}}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_other_methods_are_told_which_are_allowed(method):
    response = client.request(method, SHOP)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


def test_a_long_body_is_refused_by_its_stated_length_and_by_its_counted_one():
    long = b'{"query":"{hello}","padding":"' + b"x" * 300_000 + b'"}'

    async def chunks():
        for start in range(0, len(long), 1000):
            yield long[start : start + 1000]

    stated = client.request("POST", SHOP, JSON, content=long)
    counted = client.request("POST", SHOP, JSON, content=chunks())
    assert "content-length" not in counted.request.headers
    assert (stated.status_code, counted.status_code) == (413, 413)


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("{hello", {}, "GRAPHQL_PARSE_FAILED"),
        ("{goodbye}", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{add(a: true)}", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query($a: Int!) {add(a: $a)}", {"variables": {"a": "many"}}, "BAD_USER_INPUT"),
        ("query($a: Int!) {add(a: $a)}", {}, "BAD_USER_INPUT"),
        ("query($a: Int!) {add(a: $a)}", {"variables": {"a": 10**30}}, "BAD_USER_INPUT"),
        ("query A {hello} query B {hello}", {}, "OPERATION_RESOLUTION_FAILURE"),
        ("query A {hello} query B {hello}", {"operationName": ""}, "OPERATION_RESOLUTION_FAILURE"),
        ("query A {hello} query B {hello}", {"operationName": "C"}, "OPERATION_RESOLUTION_FAILURE"),
        ("query A {hello}", {"operationName": "C"}, "OPERATION_RESOLUTION_FAILURE"),
        ("fragment F on Query {hello}", {}, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_a_request_error_has_a_code_and_no_data(query, body, code):
    response = client.post(query, **body)
    assert response.status_code == 400
    assert codes(response) == [code]
    assert "data" not in response.json()
    legacy = client.post(query, accept="application/json", **body)
    assert legacy.status_code == 200
    assert codes(legacy) == [code]
    assert "data" not in legacy.json()


def test_the_statuses_of_the_first_edition_are_a_setting():
    strict = Client(kiosk(Settings(statuses=SEPTEMBER_2026)))
    assert strict.post("{goodbye}").status_code == 422
    assert strict.post("{hello").status_code == 400
    assert strict.post("{hello broken}").status_code == 294


def test_the_operation_named_is_executed_and_an_empty_name_is_no_name():
    both = 'query A {hello(name: "A")} query B {hello(name: "B")}'
    assert client.post(both, operationName="B").json() == {"data": {"hello": "hello B"}}
    assert client.post("query A {hello}", operationName="").json() == {"data": {"hello": "hello world"}}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("{hello broken}", 294, "INTERNAL_SERVER_ERROR"),
        ("{hello coded}", 294, "CLOSED"),
        ("{brokenForGood}", 500, "INTERNAL_SERVER_ERROR"),
        ("{add(a: 2147483647)}", 500, "INTERNAL_SERVER_ERROR"),
        ('{node(id: "x")}', 400, "BAD_USER_INPUT"),
        ("{souvenirs(first: 101) {edges {cursor}}}", 400, "BAD_USER_INPUT"),
        ("{books}", 403, "FORBIDDEN"),
    ],
)
def test_an_error_in_execution_is_seen_in_the_status_and_not_under_plain_json(query, status, code):
    response = client.post(query)
    assert response.status_code == status
    assert codes(response) == [code]
    assert "data" in response.json()
    assert client.post(query, accept="application/json").status_code == 200


def test_a_variable_left_null_is_the_callers_mistake_not_ours():
    response = client.post("query($b: Int) {add(a: 1, b: $b)}", variables={"b": None})
    assert codes(response) == ["BAD_USER_INPUT"]


def test_a_bug_is_shown_as_a_reference_to_our_log(caplog):
    response = client.post("{broken}")
    assert "hunter2" not in response.text
    reference = response.json()["errors"][0]["extensions"]["reference"]
    assert reference in caplog.text
    assert "hunter2" in caplog.text


def test_the_callers_mistakes_do_not_fill_our_log(caplog):
    caplog.set_level("INFO")
    for query in ("{goodbye}", "{hello", '{node(id: "x")}'):
        client.post(query)
    assert [record for record in caplog.records if record.name == "souvenir.api"] == []


def test_a_refusal_in_a_query_is_told_with_its_facts():
    error = client.post('{node(id: "x")}').json()["errors"][0]
    assert error["message"] == "The value 'x' is not a valid Souvenir id."
    assert error["extensions"] == {
        "code": "BAD_USER_INPUT",
        "refusal": {
            "code": "MALFORMED_INPUT",
            "path": ["id"],
            "facts": {"expected": "Souvenir id", "value": "x"},
        },
    }


def test_slow_requests_are_answered_in_time_and_keep_their_worker():
    workers = Workers(threads=1, waiting=0, timeout_seconds=0.1)
    slow = Client(kiosk(workers=workers))
    response = slow.post("{sleepy(seconds: 0.5)}")
    assert (response.status_code, codes(response)) == (503, ["TIMEOUT"])
    busy = slow.post("{hello}")
    assert (busy.status_code, codes(busy)) == (503, ["BUSY"])
    assert busy.headers["retry-after"] == "1"


def test_get_serves_trusted_documents_by_id_and_by_name():
    for document in ("hello", document_id(TRUSTED["hello"]), "sha256:" + document_id(TRUSTED["hello"])):
        response = client.request("GET", SHOP, params={"documentId": document, "variables": '{"name":"you"}'})
        assert (response.status_code, response.json()) == (200, {"data": {"hello": "hello you"}})


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"query": "{hello}"}, 405),
        ({}, 400),
        ({"documentId": "hello", "variables": "{"}, 400),
        ({"documentId": "hello", "variables": "[]"}, 400),
        ({"documentId": "buy", "variables": "{}"}, 405),
    ],
)
def test_get_serves_nothing_else(parameters, status):
    response = client.request("GET", SHOP, params=parameters)
    assert response.status_code == status
    if status == 405:
        assert response.headers["allow"] == "POST"


def test_a_foreign_page_cannot_get_without_a_preflight():
    asked = {"documentId": "hello", "variables": '{"name":"you"}'}
    foreign = {"sec-fetch-site": "cross-site"}
    assert client.request("GET", SHOP, foreign, params=asked).status_code == 403
    announced = {**foreign, "graphql-require-preflight": "1"}
    assert client.request("GET", SHOP, announced, params=asked).status_code == 200


def test_a_trusted_document_is_posted_by_id_name_or_apollos_hash():
    variables = {"name": "you"}
    hash = document_id(TRUSTED["hello"])
    for body in (
        {"documentId": "hello"},
        {"documentId": f"sha256:{hash}"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}},
    ):
        response = client.request("POST", SHOP, JSON, content=json.dumps({**body, "variables": variables}))
        assert response.json() == {"data": {"hello": "hello you"}}


def test_an_unknown_document_is_not_found_and_not_learned():
    text = "{hello}"
    body = {"query": text, "documentId": document_id(text)}
    for _ in range(2):
        response = client.request("POST", SHOP, {**JSON, "accept": GRAPHQL_RESPONSE}, content=json.dumps(body))
        assert (response.status_code, codes(response)) == (400, ["PERSISTED_QUERY_NOT_FOUND"])


def test_a_known_id_with_another_text_is_refused():
    body = {"query": "{hello}", "documentId": "hello"}
    response = client.request("POST", SHOP, JSON, content=json.dumps(body))
    assert codes(response) == ["PERSISTED_QUERY_NOT_FOUND"]


def test_an_endpoint_may_execute_its_published_documents_only():
    closed = Client(kiosk(Settings(only_trusted=True)))
    assert codes(closed.post("{hello}")) == ["PERSISTED_QUERY_NOT_FOUND"]
    assert closed.post(TRUSTED["hello"], variables={"name": "you"}).json() == {"data": {"hello": "hello you"}}


def test_a_trusted_document_is_read_at_its_first_use_and_only_then():
    from kiosk import schema

    from souvenir.api.http.documents import Documents
    from souvenir.api.http.limits import Limits

    trusted = {"good": "{hello}", "wrong": "{goodbye}"}
    documents = Documents(schema._schema, trusted, limits=Limits(), introspection=False)
    assert documents.by_id("good") is documents.by_id(document_id("{hello}")) is documents.by_text("{hello}")
    assert documents.by_id("good").errors == ()
    assert [error.extensions["code"] for error in documents.by_id("wrong").errors] == ["GRAPHQL_VALIDATION_FAILED"]


def test_graphiql_is_served_to_browsers_only_where_it_is_switched_on():
    browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    open_house = Client(kiosk(Settings(graphiql=True)))
    page = open_house.request("GET", SHOP, browser)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "graphiql" in page.text
    assert open_house.request("GET", SHOP, {"accept": "application/json"}).status_code == 400
    assert client.request("GET", SHOP, browser).headers["content-type"] == "application/json; charset=utf-8"


def test_answers_are_not_kept_by_caches():
    assert client.post("{hello}").headers["cache-control"] == "no-store"


def test_text_is_served_in_the_language_asked_for():
    query = "{souvenirs(first: 1) {edges {node {name {text language isFallback}}}}}"

    def name(accept_language):
        headers = {**JSON, "accept-language": accept_language}
        answer = client.request("POST", SHOP, headers, content=orjson.dumps({"query": query})).json()
        return answer["data"]["souvenirs"]["edges"][0]["node"]["name"]

    english = {"text": "Enamel vase", "language": "en", "isFallback": False}
    chinese = {"text": "珐琅瓶", "language": "zh-Hans", "isFallback": False}
    assert name("en-GB,en;q=0.9") == english
    assert name("zh-CN,zh;q=0.9,en;q=0.8") == chinese
    assert name("fr, en;q=0.5") == english
    assert name("en;q=0.1, zh") == chinese
    assert name("fr") == {**chinese, "isFallback": True}
    assert name("fr, " + "x" * 1000 + ", en") == {**chinese, "isFallback": True}  # what is far behind is not read
    assert name("") == chinese
