//! The isolates of Node processes, collected and read all at once: each main thread's and each worker
//! thread's.
//!
//! What each figure counts was measured on Node.js 18 to 26. `usedSize` and `external` belong to one isolate,
//! in a worker thread too. `external` has buffers, WebAssembly memories (up to 24; in 26 no figure has them)
//! and native objects, but no shared array buffers; `arrayBuffers` has both kinds of buffers, each in the
//! isolate that made it. A buffer that was handed to another thread counts there in `external` and here in
//! `arrayBuffers`, so only sums over a process compare.

use std::time::{Duration, Instant};

use drip_model::Unit;
use drip_proc::{Identity, is_alive};
use serde_json::{Value, json};

use super::super::inspector::{Call, EVALUATE, Inspector, Isolate, evaluation, value_of};
use crate::{MeterError, Part, Reading};

/// At rest an event loop is free, unless work goes on that no request waits for.
const AWAKE_SECONDS_MAX: u64 = 10;
/// A full collection of a heap of gigabytes takes seconds.
const COLLECT_SECONDS_MAX: u64 = 30;
/// What finalizers held is freed only by the collection after the one that let them run. A collection of 50 MB takes 140
/// ms of processor time, so the second is made only where there is more than this to explain.
const UNEXPLAINED_BYTES_MAX: u64 = 1_000_000;
const MEMORY: &str = "(memory => [memory.external, memory.arrayBuffers])(require('process').memoryUsage())";
const HEAP_LIMIT: &str = "require('v8').getHeapStatistics().heap_size_limit";
const WHAT: &str = "the V8 inspector";

/// One process, connected to for one reading.
pub(super) struct Isolates {
    process: Identity,
    inspector: Inspector,
    isolates: Vec<Isolate>,
}

/// What one process holds, bytes, and in how many worker threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Held {
    heap: u64,
    external: u64,
    buffers: u64,
    workers: u64,
}

/// Collects in every isolate of the service, then reads; twice, unless the value is about that of the last reading. A
/// process that ends meanwhile is left out.
///
/// # Errors
/// When an isolate does not answer in time, with the process and the reason.
pub(super) async fn collect(mut service: Vec<Isolates>, last: Option<u64>) -> Result<Reading, MeterError> {
    let reading = settled(&mut service, last).await;
    for process in service {
        process.hang_up().await;
    }
    reading
}

async fn settled(service: &mut [Isolates], last: Option<u64>) -> Result<Reading, MeterError> {
    for process in &mut *service {
        process.look().await?;
    }
    ask(service, "Runtime.getHeapUsage", &json!({}), AWAKE_SECONDS_MAX).await?;
    let first = collected(service).await?;
    if last.is_some_and(|last| first.value <= last + UNEXPLAINED_BYTES_MAX) {
        return Ok(first);
    }
    collected(service).await
}

async fn collected(service: &mut [Isolates]) -> Result<Reading, MeterError> {
    ask(service, "HeapProfiler.collectGarbage", &json!({}), COLLECT_SECONDS_MAX).await?;
    let heaps = ask(service, "Runtime.getHeapUsage", &json!({}), AWAKE_SECONDS_MAX).await?;
    let memory = ask(service, EVALUATE, &evaluation(MEMORY), AWAKE_SECONDS_MAX).await?;
    let mut processes = Vec::new();
    let mut held = Vec::new();
    for ((process, heaps), memory) in service.iter().zip(heaps).zip(memory) {
        // One that ended between two questions has answered only some of them.
        if is_alive(&process.process) {
            processes.push(process.process);
            held.push(Held::of(heaps, memory)?);
        }
    }
    if processes.is_empty() { Err(MeterError::Gone) } else { Ok(reading(&held, processes)) }
}

/// Puts one question to all isolates at once, so that all processors are used; the answers by process. An
/// isolate that ended is not among them.
async fn ask(
    service: &mut [Isolates],
    method: &'static str,
    params: &Value,
    seconds: u64,
) -> Result<Vec<Vec<Value>>, MeterError> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut calls = Vec::new();
    for process in &mut *service {
        let sent = process.send(method, params).await;
        calls.push(process.unless_dead(sent)?);
    }
    let mut answers = Vec::new();
    for (process, calls) in service.iter_mut().zip(calls) {
        let heard = process.hear(calls, deadline).await;
        answers.push(process.unless_dead(heard)?);
    }
    Ok(answers)
}

impl Isolates {
    pub(super) const fn new(process: Identity, inspector: Inspector) -> Self {
        Self { process, inspector, isolates: Vec::new() }
    }

    /// The limit of the main thread's heap, bytes. Worker threads have limits of their own, which end only
    /// them.
    pub(super) async fn heap_limit(&mut self) -> Result<u64, MeterError> {
        let limit = self.inspector.evaluate(HEAP_LIMIT, within(AWAKE_SECONDS_MAX)).await;
        limit.and_then(|limit| bytes(&limit)).map_err(|error| self.named(error))
    }

    pub(super) async fn hang_up(self) {
        self.inspector.hang_up().await;
    }

    async fn look(&mut self) -> Result<(), MeterError> {
        let found = self.inspector.isolates(within(AWAKE_SECONDS_MAX)).await;
        self.isolates = self.unless_dead(found)?;
        Ok(())
    }

    async fn send(&mut self, method: &'static str, params: &Value) -> Result<Vec<Call>, MeterError> {
        let mut calls = Vec::new();
        for isolate in &self.isolates {
            calls.push(self.inspector.send(isolate, method, params.clone()).await?);
        }
        Ok(calls)
    }

    /// Worker threads that ended are not asked again.
    async fn hear(&mut self, calls: Vec<Call>, deadline: Instant) -> Result<Vec<Value>, MeterError> {
        let mut answers = Vec::new();
        let mut living = Vec::new();
        for (call, isolate) in calls.iter().zip(std::mem::take(&mut self.isolates)) {
            match self.inspector.result(call, deadline).await {
                Err(MeterError::Gone) => continue,
                answer => answers.push(answer?),
            }
            living.push(isolate);
        }
        self.isolates = living;
        Ok(answers)
    }

    /// A process that died is nothing any more; any other failure is one of the reading.
    fn unless_dead<T: Default>(&self, result: Result<T, MeterError>) -> Result<T, MeterError> {
        match result {
            Err(error) if is_alive(&self.process) => Err(self.named(error)),
            Err(_) => Ok(T::default()),
            done => done,
        }
    }

    fn named(&self, error: MeterError) -> MeterError {
        match error {
            MeterError::Protocol { what, why } => {
                MeterError::protocol(what, format!("process {}: {why}", self.process.pid))
            }
            other => other,
        }
    }
}

impl Held {
    /// A worker thread that ended between the two questions counts as far as it answered.
    fn of(heaps: Vec<Value>, memory: Vec<Value>) -> Result<Self, MeterError> {
        let mut held = Self { workers: (memory.len() as u64).saturating_sub(1), ..Self::default() };
        for heap in heaps {
            held.heap += bytes(&heap["usedSize"])?;
        }
        for memory in memory {
            let figures = value_of(memory)?;
            held.external += bytes(&figures[0])?;
            held.buffers += bytes(&figures[1])?;
        }
        Ok(held)
    }

    /// What lies outside of the heap. `external` lacks shared buffers, `buffers` lacks what is none: the
    /// larger one misses less, and all of it is exact where nothing is shared.
    fn outside(&self) -> u64 {
        self.external.max(self.buffers)
    }
}

fn reading(held: &[Held], processes: Vec<Identity>) -> Reading {
    let sum = |figure: fn(&Held) -> u64| held.iter().map(figure).sum();
    let part = |name, unit, figure| Part { name, unit, value: sum(figure) };
    Reading {
        value: sum(|held| held.heap + held.outside()),
        parts: vec![
            part("heap used", Unit::Bytes, |held| held.heap),
            part("external", Unit::Bytes, |held| held.outside() - held.buffers),
            part("array buffers", Unit::Bytes, |held| held.buffers),
            part("worker threads", Unit::Count, |held| held.workers),
        ],
        processes,
    }
}

fn within(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of bytes")]
fn bytes(value: &Value) -> Result<u64, MeterError> {
    let number = value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
    number.map(|number| number as u64).ok_or_else(|| MeterError::protocol(WHAT, "no size in its answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_make_up_the_value_and_shared_buffers_count() {
        let plain = Held { heap: 100, external: 50, buffers: 30, workers: 2 };
        let shared = Held { heap: 10, external: 5, buffers: 70, workers: 0 };
        let reading = reading(&[plain, shared], Vec::new());
        let parts: Vec<u64> = reading.parts.iter().map(|part| part.value).collect();
        assert_eq!(parts, [110, 20, 100, 2]);
        assert_eq!(reading.value, 110 + 20 + 100);
    }

    #[test]
    fn an_answer_without_a_size_is_an_error_and_never_a_zero() {
        let heap = vec![json!({ "usedSize": 5 })];
        let memory = |value: Value| vec![json!({ "result": { "value": value } })];
        assert_eq!(Held::of(heap.clone(), memory(json!([7, 3]))).unwrap().external, 7);
        assert!(Held::of(heap.clone(), memory(json!([null, 3]))).is_err());
        assert!(Held::of(vec![json!({})], memory(json!([7, 3]))).is_err());
    }
}
