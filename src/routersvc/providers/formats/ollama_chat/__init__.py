"""Ollama's own chat: `/api/chat`, in lines of JSON."""
