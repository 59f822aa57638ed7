//! `drip doctor` for a program: the wire form `drip.doctor/1`.
//!
//! `machine` {memoryTotalBytes, memoryAvailableBytes, containerLimit {bytes, what}, sharesAreTold}, `floors`
//! [{runtime, name, how, cost, program}], `service` {url, stranger, processes [{pid, name, runtime, listens}], signal, floor {name,
//! how, passedOver}, refused, valueBytes, longestReadingSeconds, gauges [{name, unit, value}], limits [{what, bytes,
//! used}]}. What is not known is null.

use drip_model::{Checkup, KnownFloor, Machine, ServiceSeen};
use serde_json::{Value, json};

use crate::document::{Runtime, Unit};

/// The name and version of the wire form.
pub const SCHEMA: &str = "drip.doctor/1";

/// The document of a checkup.
pub fn json(checkup: &Checkup) -> Value {
    json!({
        "schema": SCHEMA,
        "machine": machine(&checkup.machine),
        "floors": checkup.floors.iter().map(floor).collect::<Vec<_>>(),
        "service": checkup.service.as_ref().map(service),
    })
}

fn machine(machine: &Machine) -> Value {
    let limit = machine.container_limit.as_ref();
    json!({
        "memoryTotalBytes": machine.memory_total,
        "memoryAvailableBytes": machine.memory_available,
        "containerLimit": limit.map(|(bytes, what)| json!({ "bytes": bytes, "what": what })),
        "sharesAreTold": machine.shares_are_told,
    })
}

fn floor(floor: &KnownFloor) -> Value {
    json!({
        "runtime": Runtime::from(floor.runtime).name(),
        "name": floor.name,
        "how": floor.how,
        "cost": floor.cost,
        "program": floor.program,
    })
}

fn service(seen: &ServiceSeen) -> Value {
    let process = |process: &drip_model::ProcessSeen| {
        let runtime = Runtime::from(process.runtime).name();
        json!({ "pid": process.pid, "name": process.name, "runtime": runtime, "listens": process.listens })
    };
    let floor = |floor: &drip_model::FloorUsed| json!({ "name": floor.name, "how": floor.how, "passedOver": floor.passed_over });
    let gauge = |gauge: &drip_model::Gauge| {
        let unit = Unit::from(gauge.unit).name();
        json!({ "name": gauge.name, "unit": unit, "value": gauge.points.last().map(|point| point.value) })
    };
    let limit = |limit: &drip_model::LimitSeen| json!({ "what": limit.what, "bytes": limit.bytes, "used": limit.used });
    json!({
        "url": seen.url,
        "stranger": seen.stranger,
        "processes": seen.processes.iter().map(process).collect::<Vec<_>>(),
        "signal": seen.signal.map(drip_model::Signal::name),
        "floor": seen.floor.as_ref().map(floor),
        "refused": seen.refused,
        "valueBytes": seen.value,
        "longestReadingSeconds": seen.longest_reading.map(|time| time.as_secs_f64()),
        "gauges": seen.gauges.iter().map(gauge).collect::<Vec<_>>(),
        "limits": seen.limits.iter().map(limit).collect::<Vec<_>>(),
    })
}
