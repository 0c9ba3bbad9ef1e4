# Aliases of ./run, for those whose fingers type make.
.PHONY: run setup test demo bench reset lock
run:
	./run
setup test demo bench reset lock:
	./run $@
