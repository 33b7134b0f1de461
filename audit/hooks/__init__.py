"""What policies may reach outside of them, how long they may take, and the engines made of that."""
