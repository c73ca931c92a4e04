import Foundation
import Testing

@testable import Journals

// Exit tests run their body in a process of its own. Handing them values needs Swift 6.3.
#if compiler(>=6.3)
    @Test func aSecondProcessIsRefused() async throws {
        try await withAsyncFolder { folder in
            let run = try RunFolder(folder, identity: ["seed": 1])
            let holder = ProcessInfo.processInfo.processIdentifier
            await #expect(processExitsWith: .success) { [folder = folder as String, holder = holder as Int32] in
                let error = #expect(throws: JournalError.self) { try RunFolder(folder, identity: ["seed": 1]) }
                #expect(error?.code == .inUse)
                #expect(error?.message == "The run folder is in use by process \(holder)")
                #expect(ProcessInfo.processInfo.processIdentifier != holder)
            }
            #expect(run.isNew)
        }
    }

    /// A process that appends as fast as it can is killed at some instant, several times on the same run.
    @Test func aKilledProcessLosesNothingThatWasAppended() async throws {
        try await withAsyncFolder { folder in
            var before = 0
            for delay in [1, 3, 10, 30, 50] as [UInt32] {
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [folder = folder as String, delay = delay as UInt32] in
                    let journal = try RunFolder(folder, identity: ["seed": 1]).journal(of: Toy.self)
                    // How many appends have returned, in a file that needs no flushing to outlive the process.
                    let confirmed = try OpenFile(folder + "/confirmed", .readAndWrite)
                    Thread.detachNewThread {
                        usleep(delay * 1000)
                        kill(getpid(), SIGKILL)
                    }
                    while true {
                        let number = journal.events.count
                        try journal.append(Toy(number: number, note: String(repeating: "x", count: number % 5000)))
                        try confirmed.store(Array("\(number + 1)\n".utf8), at: 0)
                    }
                }
                let run = try RunFolder(folder, identity: ["seed": 1])
                let events = try run.journal(of: Toy.self).events
                // Empty if the process did not get that far.
                let text = String(decoding: (try? read(folder + "/confirmed")) ?? [], as: UTF8.self)
                let confirmed = try #require(text.isEmpty ? 0 : Int(text.dropLast()))
                #expect(events.map(\.number) == Array(0..<events.count))
                #expect(events.count >= confirmed)
                #expect(events.count <= max(confirmed, before) + 1)
                before = events.count
            }
        }
    }

    /// The limit on the size of a file stands for the full disk: the write that crosses it is cut short.
    @Test func aFullDiskIsAnErrorAndTheJournalGoesOnLater() async throws {
        try await withAsyncFolder { folder in
            await #expect(processExitsWith: .success) { [folder = folder as String] in
                signal(SIGXFSZ, SIG_IGN)
                func limit(_ bytes: Int?) {
                    var limits = rlimit()
                    getrlimit(fileSizeLimit, &limits)
                    limits.rlim_cur = bytes.map { rlim_t($0) } ?? limits.rlim_max
                    #expect(setrlimit(fileSizeLimit, &limits) == 0)
                }
                limit(0)
                let path = folder + "/run"
                let error = #expect(throws: JournalError.self) { try RunFolder(path, identity: ["seed": 1]) }
                #expect(error?.code == .notWritable)
                limit(nil)
                let run = try RunFolder(path, identity: ["seed": 1])
                #expect(run.isNew)
                limit(10)
                #expect(throws: JournalError.self) { try run.journal(of: Toy.self) }
                limit(nil)

                let journal = try run.journal(of: Toy.self)
                try journal.append(toys[0])
                let whole = try read(run.file(RunFolder.journalName))
                for size in whole.count..<whole.count + 60 {
                    limit(size)
                    let error = #expect(throws: JournalError.self) { try journal.append(toys[1]) }
                    #expect(error?.code == .notWritable)
                    #expect(try read(run.file(RunFolder.journalName)) == whole)
                    #expect(throws: JournalError.self) {
                        try run.replace("run.json", with: [UInt8](repeating: 0, count: size + 1))
                    }
                }
                limit(nil)
                try journal.append(toys[2])
                #expect(journal.events == [toys[0], toys[2]])
            }
            let run = try RunFolder(folder + "/run", identity: ["seed": 1])
            #expect(!run.isNew)
            #expect(try run.journal(of: Toy.self).events == [toys[0], toys[2]])
        }
    }

    #if canImport(Glibc)
        private let fileSizeLimit = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    #else
        private let fileSizeLimit = RLIMIT_FSIZE
    #endif
#else
    @Test(.disabled("handing values to a process of its own needs Swift 6.3")) func otherProcesses() {}
#endif
