-- Roles of an axis. Run as a superuser, in psql, with:  psql -v services_password=... -v owner_password=... -f roles.sql
-- docaxis_owner migrates and enrols (deploy/provisioning). The services log in as docaxis_services, which owns nothing:
-- it cannot drop a table, and cannot change what is never to be changed.

CREATE ROLE docaxis_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE docaxis_services LOGIN PASSWORD :'services_password';
CREATE ROLE docaxis_auditor NOLOGIN;
CREATE DATABASE docaxis OWNER docaxis_owner ENCODING 'UTF8' TEMPLATE template0;

\connect docaxis
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO docaxis_owner;
GRANT USAGE ON SCHEMA public TO docaxis_services, docaxis_auditor;

-- Tables are made by docaxis_owner (migrate): these apply to all that it will make.
ALTER DEFAULT PRIVILEGES FOR ROLE docaxis_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO docaxis_services;
ALTER DEFAULT PRIVILEGES FOR ROLE docaxis_owner IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO docaxis_services;
ALTER DEFAULT PRIVILEGES FOR ROLE docaxis_owner IN SCHEMA public
  GRANT SELECT ON TABLES TO docaxis_auditor;
