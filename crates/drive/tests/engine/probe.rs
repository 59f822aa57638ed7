//! Is it up? Each way of not being up has its name.

use std::net::SocketAddr;
use std::time::Duration;

use drip_drive::{Answer, ProbeError, Question, Trust, Versions, probe};
use drip_model::Protocol;
use tokio::net::TcpListener;

use crate::scenario::Scenario;
use crate::server::{Reply, Server, answer};

async fn ask(address: SocketAddr, path: &str) -> Result<Answer, ProbeError> {
    let origin = Scenario::new(address, 1, 1).origin();
    let trust = Trust::default();
    let time_max = Duration::from_millis(300);
    let question = Question { origin: &origin, endpoint: address.into(), trust: &trust, path, time_max };
    probe(&question, Versions::Only(Protocol::Http1)).await
}

async fn ask_one_that(reply: Reply) -> Result<Answer, ProbeError> {
    let server = Server::start(move |_| reply.clone()).await;
    let answer = ask(server.address, "/ready?x=1").await;
    assert_eq!(server.targets(), ["/ready?x=1"]);
    assert_eq!(server.connections_when_all_ended().await, 1);
    answer
}

#[tokio::test]
async fn any_status_is_an_answer() {
    let heard = ask_one_that(Reply::Send(answer("404 Not Found", "Server: toy\r\n"))).await.unwrap();
    assert_eq!(heard.status, 404);
    assert!(heard.headers.contains(&("server".into(), "toy".into())), "{heard:?}");
}

#[tokio::test]
async fn an_answer_whose_body_does_not_end_is_an_answer() {
    let heard = ask_one_that(Reply::SendAndHang(b"HTTP/1.1 200 OK\r\n\r\nx".to_vec())).await.unwrap();
    assert_eq!(heard.status, 200);
}

#[tokio::test]
async fn nobody_listens() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = ask(address, "/").await.unwrap_err();
    assert!(matches!(error, ProbeError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn somebody_listens_and_says_nothing() {
    let error = ask_one_that(Reply::SendAndHang(Vec::new())).await.unwrap_err();
    assert!(matches!(error, ProbeError::Timeout(_)), "{error:?}");
    assert_eq!(error.to_string(), "no answer within 0.3 s");
}

#[tokio::test]
async fn somebody_hangs_up() {
    let error = ask_one_that(Reply::SendAndClose(Vec::new())).await.unwrap_err();
    assert!(matches!(error, ProbeError::Closed(_)), "{error:?}");
}

#[tokio::test]
async fn somebody_speaks_another_language() {
    let error = ask_one_that(Reply::SendAndHang(b"-ERR unknown command\r\n".to_vec())).await.unwrap_err();
    assert!(matches!(error, ProbeError::NotHttp(_)), "{error:?}");
}
