"""The backend ``spinnaker``: converted networks on SpiNNaker boards, through sPyNNaker."""
