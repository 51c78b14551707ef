-- The table that the baselines write: the same columns and the same look-ups as the product's, and
-- nothing to prove anything with.
CREATE TABLE audit_logs (
    seq bigserial PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    action text NOT NULL,
    outcome text NOT NULL,
    user_id text,
    resource_type text NOT NULL,
    resource_id text,
    ip_address inet,
    user_agent text,
    correlation_id text,
    context jsonb,
    hash bytea,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON audit_logs (user_id, seq);
CREATE INDEX ON audit_logs (action, seq);
CREATE INDEX ON audit_logs (outcome, seq);
CREATE INDEX ON audit_logs (resource_type, seq);
CREATE INDEX ON audit_logs (resource_id, seq);
CREATE INDEX ON audit_logs (ip_address, seq);
CREATE INDEX ON audit_logs (correlation_id, seq);
CREATE TABLE chain (name text PRIMARY KEY, hash bytea NOT NULL);
INSERT INTO chain VALUES ('head', '\x00');
