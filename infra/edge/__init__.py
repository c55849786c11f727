"""Between clients and functions: the gateway, its limits and origins, a domain, CloudFront and WAF (docs/edge.md)."""
