"""The HTTP API: who calls, what exactly is asked, and the one part of the service that knows."""
