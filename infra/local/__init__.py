"""The local bundle: the stage `local`, deployed to an emulated cloud on this computer, behind one HTTP address."""
