"""The command lines and files of other servers, run by those servers and by tlsgi, and what visitors see of each."""
