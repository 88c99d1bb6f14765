//! Notifies a test when `last_seen_at` of a session moves (a touch). No response waits for a touch,
//! so checking once could be too early; polling with requests would hide a skipped touch.

use sqlx::postgres::PgListener;

use super::database::Database;

pub struct Touches {
    pool: app::database::Database,
    listener: PgListener,
}

impl Touches {
    pub async fn watch(db: &Database) -> Self {
        db.run(
            "create table touches (session_id uuid);
             create function note_touch() returns trigger language plpgsql as $$
             begin
                 insert into touches values (new.id);
                 notify touch;
                 return null;
             end $$;
             create trigger note_touch after update on sessions for each row
             when (new.last_seen_at > old.last_seen_at) execute function note_touch();",
        )
        .await;
        let mut listener = PgListener::connect(&db.url).await.expect("a connection");
        listener.listen("touch").await.expect("to listen");
        Self { pool: db.pool.clone(), listener }
    }

    /// Waits for the next touch.
    pub async fn once(&mut self) {
        let heard = self.listener.recv();
        let heard = tokio::time::timeout(std::time::Duration::from_secs(20), heard).await;
        heard.expect("last_seen_at moves").expect("the database");
    }

    /// How many touches were written so far.
    pub async fn times(&self) -> i64 {
        let count = sqlx::query_scalar("select count(*) from touches").fetch_one(&self.pool).await;
        count.expect("the touches")
    }
}
