import Foundation

/// Where the questions of zero-shot tasks are, one file a task.
public enum TaskFolder {
    /// `SELFPRUNER_TASKS`, else `self-pruner/tasks` in the cache folder.
    public static var `default`: String {
        let environment = ProcessInfo.processInfo.environment
        if let folder = environment["SELFPRUNER_TASKS"], !folder.isEmpty { return folder }
        return CacheFolder.path + "/tasks"
    }
}

/// What set-up and `fetch` put somewhere for later.
enum CacheFolder {
    /// `self-pruner` in `XDG_CACHE_HOME` (ignored where it is relative, as its specification says) or in `~/.cache`.
    static var path: String {
        let environment = ProcessInfo.processInfo.environment
        let caches =
            environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.cache"
        return caches + "/self-pruner"
    }
}
