#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Calls of macros, of functions and of methods.
extension TemplateInterpreter {
    mutating func call(_ callee: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        switch callee {
        case .function(let function): return try call(function, arguments)
        case .macro(let id): return try call(macros[id], arguments)
        case .undefined(let name): throw error(.undefined, "'\(name)' is undefined and cannot be called")
        case .loop: throw error(.unsupported, "recursive loops are not supported")
        default: throw error(.type, "\(kindName(of: callee)) cannot be called")
        }
    }

    private mutating func call(
        _ instance: MacroInstance, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        let macro = instance.macro
        guard arguments.positional.count <= macro.parameters.count else {
            throw error(.type, "'\(macro.name)' takes at most \(macro.parameters.count) arguments")
        }
        for (name, _) in arguments.named where !macro.parameters.contains(where: { $0.name == name }) {
            throw error(.type, "'\(macro.name)' has no parameter '\(name)'")
        }
        var frame: [String: Value] = [:]
        if instance.scopes == nil, case .macro(let caller) = lookUp("caller") { frame["caller"] = .macro(caller) }
        let outer = scopes
        scopes = (instance.scopes ?? [outer[0]]) + [frame]
        for (index, parameter) in macro.parameters.enumerated() {
            var value = arguments.value(index, parameter.name)
            if value == nil, let initial = parameter.initial { value = try evaluate(initial) }
            scopes[scopes.count - 1][parameter.name] = value ?? .undefined(parameter.name)
        }
        let callLine = line
        let text = try captured(macro.body)
        scopes = outer
        line = callLine
        return .string(text)
    }

    private mutating func call(_ function: TemplateFunction, _ arguments: Arguments) throws(ChatTemplateError) -> Value
    {
        switch function {
        case .range: return try range(arguments)
        case .namespace, .dict:
            var mapping = TemplateMapping()
            if case .mapping(let id) = arguments.value(0) {
                for (key, value) in mappings[id].entries { mapping.set(value, for: key) }
            }
            for (name, value) in arguments.named { mapping.set(value, for: .string(Array(name.unicodeScalars))) }
            guard case .mapping(let id) = try self.mapping(mapping), function == .namespace else {
                return .mapping(mappings.count - 1)
            }
            return .namespace(id)
        case .raiseException:
            let message = try text(of: arguments.value(0, "message") ?? Value.none)
            var shown = String(template: message.prefix(500).map { $0.value < 0x20 ? " " : $0 })
            while let last = shown.unicodeScalars.last, last == "." || last == " " { shown.unicodeScalars.removeLast() }
            throw error(.raised, "the template refuses these messages: \(shown)")
        case .timeNow:
            let format = try text(of: arguments.value(0, "format") ?? Value.none)
            return try string(try formattedTime(format))
        }
    }

    private mutating func range(_ arguments: Arguments) throws(ChatTemplateError) -> Value {
        var bounds: [Int] = []
        for value in arguments.positional { bounds.append(try integer(value, "an argument of 'range'")) }
        guard (1...3).contains(bounds.count) else { throw error(.type, "'range' takes one to three arguments") }
        let start = bounds.count > 1 ? bounds[0] : 0
        let end = bounds.count > 1 ? bounds[1] : bounds[0]
        let step = bounds.count > 2 ? bounds[2] : 1
        guard step != 0 else { throw error(.type, "the step of 'range' is zero") }
        var items: [Value] = []
        for value in stride(from: start, to: end, by: step) {
            guard items.count < 100_000 else { throw error(.limit, "a range has more than 100000 elements") }
            items.append(.integer(value))
        }
        return try list(items)
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// `strftime` in English, whatever the locale, for the fields that prompts show.
    private mutating func formattedTime(_ format: TemplateText) throws(ChatTemplateError) -> TemplateText {
        var seconds = time_t(time)
        var fields = tm()
        guard localtime_r(&seconds, &fields) != nil else { throw error(.type, "the time of day is out of range") }
        func padded(_ value: Int32, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        let month = Self.months.indices.contains(Int(fields.tm_mon)) ? Self.months[Int(fields.tm_mon)] : ""
        let weekday = Self.weekdays.indices.contains(Int(fields.tm_wday)) ? Self.weekdays[Int(fields.tm_wday)] : ""
        let hour12 = (fields.tm_hour + 11) % 12 + 1
        try spend(16 * format.count)
        var result: TemplateText = []
        var index = 0
        while index < format.count {
            guard format[index] == "%", index + 1 < format.count else {
                result.append(format[index])
                index += 1
                continue
            }
            // A minus sign leaves out the zeros in front.
            let isBare = format[index + 1] == "-" && index + 2 < format.count
            let field = format[index + (isBare ? 2 : 1)]
            index += isBare ? 3 : 2
            let width = isBare ? 1 : 2
            let text: String
            switch field {
            case "Y": text = String(fields.tm_year + 1900)
            case "y": text = padded((fields.tm_year + 1900) % 100, width)
            case "m": text = padded(fields.tm_mon + 1, width)
            case "d": text = padded(fields.tm_mday, width)
            case "e": text = (fields.tm_mday < 10 && !isBare ? " " : "") + String(fields.tm_mday)
            case "j": text = padded(fields.tm_yday + 1, isBare ? 1 : 3)
            case "B": text = month
            case "b", "h": text = String(month.prefix(3))
            case "A": text = weekday
            case "a": text = String(weekday.prefix(3))
            case "H": text = padded(fields.tm_hour, width)
            case "I": text = padded(hour12, width)
            case "M": text = padded(fields.tm_min, width)
            case "S": text = padded(fields.tm_sec, width)
            case "p": text = fields.tm_hour < 12 ? "AM" : "PM"
            case "F":
                text = "\(fields.tm_year + 1900)-\(padded(fields.tm_mon + 1, 2))-\(padded(fields.tm_mday, 2))"
            case "T": text = "\(padded(fields.tm_hour, 2)):\(padded(fields.tm_min, 2)):\(padded(fields.tm_sec, 2))"
            case "%": text = "%"
            default: throw error(.unsupported, "the time format '%\(field)' is not supported")
            }
            result += text.unicodeScalars
        }
        return result
    }
}
