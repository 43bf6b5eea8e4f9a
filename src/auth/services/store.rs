//! The tables of services and receivers. There are few of them, so they are looked through.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::{Error, Result};

const SERVICES: Table<Uuid, Service> = Table::new("auth_services");
const RECEIVERS: Table<Uuid, Receiver> = Table::new("auth_receivers");

pub const CATALOGUE: [TableInfo; 2] = [
    SERVICES.info(
        "auth",
        "service",
        "name, hash of its secret, audiences, scopes",
    ),
    RECEIVERS.info("auth", "receiver", "name, number of its secret"),
];

/// At most so many of each.
pub const MOST: usize = 200;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Service {
    pub id: Uuid,
    pub name: String,
    pub audiences: Vec<String>,
    pub scopes: Vec<String>,
    pub secret_hash: [u8; 32],
    /// Counts its secrets; tokens name the one they were given out under.
    pub secret_number: u32,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl Record for Service {}

/// Another program that checks our service tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receiver {
    pub id: Uuid,
    pub name: String,
    /// Its secret is derived from this number and its id, and stored nowhere.
    pub secret_number: u32,
    pub created_at: Timestamp,
    pub secret_made_at: Timestamp,
}

impl Record for Receiver {}

fn taken(what: &str) -> Error {
    let message = format!("There is already a {what} with this name. Choose another one.");
    Error::conflict("name_taken", message)
}

fn enough(what: &str) -> Error {
    let message = format!("There are {MOST} {what}s already. Remove one that is no longer used.");
    Error::conflict("too_many", message)
}

pub fn service(tx: &impl Read, id: Uuid) -> Result<Option<Service>> {
    Ok(tx.get(&SERVICES, &id)?)
}

/// Newest first.
pub fn services(tx: &impl Read) -> Result<Vec<Service>> {
    let rows = tx.scan(&SERVICES, Span::all().rev(), MOST)?;
    Ok(rows.into_iter().map(|(_, service)| service).collect())
}

/// By name, whatever its case, or by id.
pub fn service_called(tx: &impl Read, word: &str) -> Result<Option<Service>> {
    if let Ok(id) = word.parse() {
        return service(tx, id);
    }
    let folded = word.trim().to_lowercase();
    let mut all = services(tx)?.into_iter();
    Ok(all.find(|service| service.name.to_lowercase() == folded))
}

pub fn add_service(tx: &mut WriteTx<'_>, service: &Service) -> Result<()> {
    if service_called(tx, &service.name)?.is_some() {
        return Err(taken("service"));
    }
    if services(tx)?.len() >= MOST {
        return Err(enough("service"));
    }
    put_service(tx, service)
}

pub fn put_service(tx: &mut WriteTx<'_>, service: &Service) -> Result<()> {
    Ok(tx.put(&SERVICES, &service.id, service)?)
}

/// What was removed.
pub fn remove_service(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<Service>> {
    let found = service(tx, id)?;
    tx.delete(&SERVICES, &id)?;
    Ok(found)
}

pub fn receiver(tx: &impl Read, id: Uuid) -> Result<Option<Receiver>> {
    Ok(tx.get(&RECEIVERS, &id)?)
}

/// Newest first.
pub fn receivers(tx: &impl Read) -> Result<Vec<Receiver>> {
    let rows = tx.scan(&RECEIVERS, Span::all().rev(), MOST)?;
    Ok(rows.into_iter().map(|(_, receiver)| receiver).collect())
}

pub fn receiver_called(tx: &impl Read, name: &str) -> Result<Option<Receiver>> {
    let mut all = receivers(tx)?.into_iter();
    Ok(all.find(|receiver| receiver.name == name))
}

pub fn add_receiver(tx: &mut WriteTx<'_>, receiver: &Receiver) -> Result<()> {
    if receiver_called(tx, &receiver.name)?.is_some() {
        return Err(taken("receiver"));
    }
    if receivers(tx)?.len() >= MOST {
        return Err(enough("receiver"));
    }
    put_receiver(tx, receiver)
}

pub fn put_receiver(tx: &mut WriteTx<'_>, receiver: &Receiver) -> Result<()> {
    Ok(tx.put(&RECEIVERS, &receiver.id, receiver)?)
}

/// Removes a receiver, also from what services may name, so that another one that is given the same
/// name later is not meant; what was removed.
pub fn remove_receiver(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<Receiver>> {
    let Some(found) = receiver(tx, id)? else {
        return Ok(None);
    };
    tx.delete(&RECEIVERS, &id)?;
    for mut service in services(tx)? {
        let before = service.audiences.len();
        service.audiences.retain(|name| *name != found.name);
        if service.audiences.len() < before {
            put_service(tx, &service)?;
        }
    }
    Ok(Some(found))
}
