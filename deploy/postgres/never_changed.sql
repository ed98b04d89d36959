-- Run as docaxis_owner after every `migrate`: what the code never changes, the services' role must not be able to.
REVOKE UPDATE, DELETE ON decisions, receipts, log_leaves, audit_looks FROM docaxis_services;
REVOKE DELETE ON claims, attempts, member_records, deliveries, slots, log_head FROM docaxis_services;
-- The directory is changed by docaxis_owner (deploy/provisioning). The gateway adds a key for a member's first clerk.
REVOKE INSERT, UPDATE, DELETE ON organisations, mandates, registered_certificates, credentials FROM docaxis_services;
-- Accounts of the clerk's pages: made by docaxis_owner; auditors see neither password hashes nor sealed credentials.
REVOKE INSERT, UPDATE, DELETE ON clerk_accounts FROM docaxis_services;
REVOKE SELECT ON clerk_accounts, clerk_passwords, clerk_sessions, clerk_drafts FROM docaxis_auditor;
-- Registers: entries are numbered once and counters rise; nothing of a register is ever deleted.
REVOKE DELETE ON clerk_documents, clerk_registers FROM docaxis_services;
REVOKE UPDATE, DELETE ON clerk_register_gaps, clerk_notices FROM docaxis_services;
