"""The status page: deployments, recent decisions and the configuration, live in a browser."""
