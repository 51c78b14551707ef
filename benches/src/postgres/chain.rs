//! The chain that one writes first: lock the head, hash the event onto it, insert, commit; one
//! event for each transaction, from 16 connections.

use indelible_merkle::leaf_hash;

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
                .map(|mut client| {
                    let rows = rows.split_off(rows.len().saturating_sub(share));
                    tokio::spawn(async move {
                        let lock = "SELECT hash FROM chain WHERE name = 'head' FOR UPDATE";
                        let lock = client.prepare(lock).await?;
                        let insert = client.prepare(INSERT).await?;
                        let update = "UPDATE chain SET hash = $1 WHERE name = 'head'";
                        let update = client.prepare(update).await?;
                        for r in rows {
                            let transaction = client.transaction().await?;
                            let head = transaction.query_one(&lock, &[]).await?;
                            let mut bytes: Vec<u8> = head.get(0);
                            for text in [&r.action, &r.user_id, &r.resource_id, &r.context] {
                                bytes.extend_from_slice(text.as_bytes());
                            }
                            let hash = leaf_hash(&bytes).as_bytes().to_vec();
                            transaction
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
                                        &Some(&hash),
                                    ],
                                )
                                .await?;
                            transaction.execute(&update, &[&hash]).await?;
                            transaction.commit().await?;
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
