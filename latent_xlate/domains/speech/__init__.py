"""The domain of speech: its networks, their training, and the pretrained domain made of them."""
