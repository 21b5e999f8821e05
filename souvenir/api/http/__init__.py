"""GraphQL over HTTP: what is true of every endpoint, whatever its schema says."""
