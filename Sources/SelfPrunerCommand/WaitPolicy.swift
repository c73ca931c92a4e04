import Foundation

/// How long threads of the pool wait for work before they sleep.
///
/// GNU OpenMP's threads spin for milliseconds, which on a machine that does something else too costs far more than it
/// saves: a thread that spins keeps the one from running that it waits for. A wait of some ten microseconds is as fast
/// where the machine is idle (Documentation/Decisions/0003-one-thread-pool.md has the figures). The library reads its
/// settings when it is loaded, before anything of ours runs: so the program starts itself again with them.
enum WaitPolicy {
    static func apply() {
        #if os(Linux)
            let environment = ProcessInfo.processInfo.environment
            guard environment["GOMP_SPINCOUNT"] == nil, environment["OMP_WAIT_POLICY"] == nil,
                let program = Bundle.main.executablePath, setenv("GOMP_SPINCOUNT", "10000", 1) == 0
            else { return }
            // It returns only if that is not possible; then things go on as they are.
            execv(program, CommandLine.unsafeArgv)
        #endif
    }
}
