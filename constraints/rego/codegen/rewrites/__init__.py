"""Rules to rules that cost less, before they are translated; each says what it does by an example."""
