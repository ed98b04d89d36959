-- Run as docaxis_owner after every `migrate`: what the code never changes, the services' role must not be able to.
REVOKE UPDATE, DELETE ON decisions, receipts, log_leaves, audit_looks, alerts FROM docaxis_services;
REVOKE UPDATE, DELETE ON evidence_objects, verdict_inputs FROM docaxis_services;
REVOKE DELETE ON claims, attempts, member_records, deliveries, slots, log_head, alert_calls FROM docaxis_services;
-- The directory is changed by docaxis_owner (deploy/provisioning). The gateway adds a key for a member's first clerk.
REVOKE INSERT, UPDATE, DELETE ON organisations, mandates, registered_certificates, credentials FROM docaxis_services;
REVOKE INSERT, UPDATE, DELETE ON directory_attestations FROM docaxis_services;
-- An organisation's administrator makes accounts at the pages, each with a credential of role clerk, and ends them; no
-- other credential can be made, changed or brought back by the services' role.
GRANT INSERT, UPDATE (revoked_at) ON credentials TO docaxis_services;
ALTER TABLE credentials ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS everybody_reads ON credentials;
DROP POLICY IF EXISTS services_issue ON credentials;
DROP POLICY IF EXISTS services_revoke ON credentials;
CREATE POLICY everybody_reads ON credentials FOR SELECT USING (true);
CREATE POLICY services_issue ON credentials FOR INSERT TO docaxis_services
  WITH CHECK (role = 'clerk' AND member IS NOT NULL AND revoked_at IS NULL);
CREATE POLICY services_revoke ON credentials FOR UPDATE TO docaxis_services
  USING (role = 'clerk' AND revoked_at IS NULL) WITH CHECK (role = 'clerk' AND revoked_at IS NOT NULL);
-- Accounts of the clerk's pages: whose they are never changes; auditors see neither password hashes nor credentials.
REVOKE UPDATE, DELETE ON clerk_accounts FROM docaxis_services;
GRANT UPDATE (roles, credential, disabled_at) ON clerk_accounts TO docaxis_services;
-- Auditors' accounts are made by docaxis_owner alone (deploy/provisioning), and so are the credentials in them.
ALTER TABLE clerk_accounts ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS everybody_reads ON clerk_accounts;
DROP POLICY IF EXISTS services_make ON clerk_accounts;
DROP POLICY IF EXISTS services_change ON clerk_accounts;
CREATE POLICY everybody_reads ON clerk_accounts FOR SELECT USING (true);
CREATE POLICY services_make ON clerk_accounts FOR INSERT TO docaxis_services WITH CHECK (member IS NOT NULL);
CREATE POLICY services_change ON clerk_accounts FOR UPDATE TO docaxis_services
  USING (member IS NOT NULL) WITH CHECK (member IS NOT NULL);
REVOKE UPDATE, DELETE ON clerk_account_acts FROM docaxis_services;
REVOKE SELECT ON clerk_accounts, clerk_passwords, clerk_sessions, clerk_drafts FROM docaxis_auditor;
-- Registers: entries are numbered once and counters rise; nothing of a register is ever deleted.
REVOKE DELETE ON clerk_documents, clerk_registers FROM docaxis_services;
REVOKE UPDATE, DELETE ON clerk_register_gaps, clerk_notices, clerk_links, clerk_assignments FROM docaxis_services;
