# A recipe for Spack 0.21 and later; scripts/package/README.md says how to use it.
import os

from spack.package import *


class Busbar(Package):
    """Collective communication and matrix multiplication on GPU clusters: measures with NCCL and MPI, compares
    launches with statistics, and checks every result."""

    # `make dist` makes this file.
    url = "file://{0}/busbar-0.2.0.tar.gz".format(os.getcwd())

    license("BSD-3-Clause")

    version("0.2.0")

    variant("cuda", default=False, description="plug-ins for GPUs: NCCL and cuBLASLt")
    variant("plots", default=True, description="gnuplot for `busbar plot` and `busbar report`")

    depends_on("c", type="build")
    depends_on("gmake@4:", type="build")
    depends_on("bash", type=("build", "run"))
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hwloc")
    depends_on("jansson")
    depends_on("blas", type="run")
    depends_on("cuda", when="+cuda")
    depends_on("nccl", when="+cuda")
    depends_on("gnuplot", type="run", when="+plots")

    def knobs(self):
        """What make cannot find out by itself. Build and install need the same: make builds again if they change."""
        spec = self.spec
        use = "yes" if "+cuda" in spec else "no"
        knobs = [
            "MPI=yes",
            "MPICC={0}".format(spec["mpi"].mpicc),
            "MPIRUN={0}".format(join_path(spec["mpi"].prefix.bin, "mpirun")),
            "HWLOC_HOME={0}".format(spec["hwloc"].prefix),
            "JANSSON_HOME={0}".format(spec["jansson"].prefix),
            "CUDA={0}".format(use),
            "NCCL={0}".format(use),
            "CUBLASLT={0}".format(use),
        ]
        if "+cuda" in spec:
            knobs.append("CUDA_HOME={0}".format(spec["cuda"].prefix))
            knobs.append("CUBLASLT_HOME={0}".format(spec["cuda"].prefix))
            knobs.append("NCCL_HOME={0}".format(spec["nccl"].prefix))
        return knobs

    def install(self, spec, prefix):
        make(*self.knobs())
        make("install", "PREFIX={0}".format(prefix), *self.knobs())

    def setup_run_environment(self, env):
        # matmul loads the BLAS when it runs.
        for folder in self.spec["blas"].libs.directories:
            env.prepend_path("LD_LIBRARY_PATH", folder)
