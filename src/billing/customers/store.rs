//! The tables of who is which customer of Stripe's, and the mirror of what Stripe knows of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use super::{Customer, Invoice, Mirrored};
use crate::error::Result;

const CUSTOMERS: Table<Uuid, Customer> = Table::new("billing_customers");
const CUSTOMER_IDS: Table<String, Owner> = Table::new("billing_customer_ids");
const SUBSCRIPTIONS: Table<(Uuid, String), Mirrored> = Table::new("billing_subscriptions");
const STATE: Table<u8, State> = Table::new("billing_state");
const INVOICES: Table<(Uuid, i64, String), MirroredInvoice> = Table::new("billing_invoices");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 5] = [
    CUSTOMERS.info("billing", "user", "customer, how fresh the mirror is").by_user(),
    CUSTOMER_IDS.info("billing", "customer", "user"),
    SUBSCRIPTIONS.info("billing", "user, subscription", "the subscription as Stripe last told it").by_user(),
    STATE.info("billing", "0", "when everything was last reconciled"),
    INVOICES.info("billing", "user, made at (s), invoice", "the invoice as Stripe last told it").by_user(),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Owner {
    user: Uuid,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct MirroredInvoice {
    invoice: Invoice,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    last_reconcile_at: Option<Timestamp>,
}

impl Record for State {}
impl Record for Customer {}
impl Record for Owner {}
impl Record for Mirrored {}
impl Record for MirroredInvoice {}

pub fn customer(tx: &impl Read, user: Uuid) -> Result<Option<Customer>> {
    Ok(tx.get(&CUSTOMERS, &user)?)
}

/// Whose customer this is.
pub fn user_of(tx: &impl Read, customer: &str) -> Result<Option<Uuid>> {
    let owner = tx.get(&CUSTOMER_IDS, &customer.to_owned())?;
    Ok(owner.map(|owner| owner.user))
}

/// Everybody who is a customer.
pub fn customers(tx: &impl Read) -> Result<Vec<(Uuid, Customer)>> {
    Ok(tx.scan(&CUSTOMERS, Span::all(), usize::MAX)?)
}

/// Stores who is which customer, in the place of what was there.
pub fn put_customer(tx: &mut WriteTx<'_>, user: Uuid, customer: &Customer) -> Result<()> {
    let before = tx.get(&CUSTOMERS, &user)?;
    if let Some(before) = before.filter(|before| before.customer != customer.customer) {
        tx.delete(&CUSTOMER_IDS, &before.customer)?;
    }
    tx.put(&CUSTOMER_IDS, &customer.customer, &Owner { user })?;
    Ok(tx.put(&CUSTOMERS, &user, customer)?)
}

/// All subscriptions of somebody's, as Stripe last told.
pub fn subscriptions(tx: &impl Read, user: Uuid) -> Result<Vec<Mirrored>> {
    let rows = tx.scan(&SUBSCRIPTIONS, Span::prefix(&user), usize::MAX)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Everybody's subscriptions.
pub fn all_subscriptions(tx: &impl Read) -> Result<Vec<(Uuid, Mirrored)>> {
    let rows = tx.scan(&SUBSCRIPTIONS, Span::all(), usize::MAX)?;
    let rows = rows.into_iter();
    Ok(rows.map(|((user, _), row)| (user, row)).collect())
}

/// Lays all of somebody's subscriptions over what was there.
pub fn put_subscriptions(tx: &mut WriteTx<'_>, user: Uuid, all: &[Mirrored]) -> Result<()> {
    tx.delete_span(&SUBSCRIPTIONS, Span::prefix(&user))?;
    for row in all {
        tx.put(&SUBSCRIPTIONS, &(user, row.subscription.id.clone()), row)?;
    }
    Ok(())
}

/// Lays invoices over what was there; older ones stay.
pub fn put_invoices(tx: &mut WriteTx<'_>, user: Uuid, invoices: &[Invoice]) -> Result<()> {
    for invoice in invoices {
        let key = (user, invoice.created.as_second(), invoice.id.clone());
        let invoice = invoice.clone();
        tx.put(&INVOICES, &key, &MirroredInvoice { invoice })?;
    }
    Ok(())
}

/// Invoices of somebody's, newest first, older than the one called `before`.
pub fn invoices(
    tx: &impl Read,
    user: Uuid,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<Invoice>> {
    let rows = tx.scan(&INVOICES, Span::prefix(&user).rev(), usize::MAX)?;
    let rows = rows.into_iter().map(|(_, row)| row.invoice);
    let after = |invoice: &Invoice| before.is_some_and(|before| invoice.id != before);
    let skipped = rows.skip_while(after).skip(usize::from(before.is_some()));
    Ok(skipped.take(limit).collect())
}

/// Everybody's invoices that were paid since then.
pub fn paid_since(tx: &impl Read, since: Timestamp) -> Result<Vec<Invoice>> {
    let paid = |row: &MirroredInvoice| row.invoice.paid_at.is_some_and(|at| at >= since);
    let rows = tx.scan_where(&INVOICES, Span::all(), usize::MAX, paid)?;
    Ok(rows.into_iter().map(|(_, row)| row.invoice).collect())
}

/// Removes up to `limit` of a person's rows; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let mut n = tx.delete_some(&SUBSCRIPTIONS, Span::prefix(&user), limit)?;
    n += tx.delete_some(&INVOICES, Span::prefix(&user), limit - n)?;
    if n < limit
        && let Some(customer) = customer(tx, user)?
    {
        tx.delete(&CUSTOMER_IDS, &customer.customer)?;
        tx.delete(&CUSTOMERS, &user)?;
        n += 1;
    }
    Ok(n)
}

/// When Stripe was last asked about everybody.
pub fn last_reconcile_at(tx: &impl Read) -> Result<Option<Timestamp>> {
    Ok(tx.get(&STATE, &0)?.unwrap_or_default().last_reconcile_at)
}

pub fn put_last_reconcile_at(tx: &mut WriteTx<'_>, at: Timestamp) -> Result<()> {
    let last_reconcile_at = Some(at);
    Ok(tx.put(&STATE, &0, &State { last_reconcile_at })?)
}
