//! Single-row inserts, each its own commit, from 16 connections with prepared statements.

use super::plain::{INSERT, Plain, rows};
use crate::timing;

/// Events per second.
pub fn rate(plain: &Plain, events: usize) -> anyhow::Result<f64> {
    let clients = plain.clients()?;
    let mut rows = rows(events);
    let share = events.div_ceil(clients.len());
    let (rate, ()) = timing::rate(events, || {
        plain.runtime.block_on(async {
            let handles: Vec<_> = clients
                .into_iter()
                .map(|client| {
                    let rows = rows.split_off(rows.len().saturating_sub(share));
                    tokio::spawn(async move {
                        let insert = client.prepare(INSERT).await?;
                        for r in rows {
                            let none: Option<Vec<u8>> = None;
                            client
                                .execute(
                                    &insert,
                                    &[
                                        &r.id,
                                        &r.action,
                                        &r.user_id,
                                        &r.resource_id,
                                        &r.ip_address,
                                        &r.user_agent,
                                        &r.correlation_id,
                                        &r.context,
                                        &none,
                                    ],
                                )
                                .await?;
                        }
                        anyhow::Ok(())
                    })
                })
                .collect();
            for handle in handles {
                handle.await??;
            }
            Ok(())
        })
    })?;
    Ok(rate)
}
