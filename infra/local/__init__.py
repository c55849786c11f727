"""The stack on this computer: its own template, deployed to an emulated cloud, behind one HTTP address."""
