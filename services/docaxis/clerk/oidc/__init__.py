"""Signing in with an OpenID Connect provider (Authorization Code with PKCE), beside the accounts' own passwords."""
