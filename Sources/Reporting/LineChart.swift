/// A chart of several named curves, each a line and, where there is one, a band around it.
///
/// It shows numbers it is given and makes none: whoever draws means and bands computes them and says in `note` what they
/// are. `svg` draws it.
package struct LineChart: Hashable, Sendable {
    /// One value of a curve. Those that are not finite, or not positive where the axis is logarithmic, are gaps.
    package struct Point: Hashable, Sendable {
        package var x: Double
        package var y: Double
        /// The ends of the band here; the curve has a band from each point that has both to the next.
        package var low: Double?
        package var high: Double?

        package init(x: Double, y: Double, low: Double? = nil, high: Double? = nil) {
            self.x = x
            self.y = y
            self.low = low
            self.high = high
        }
    }

    package struct Series: Hashable, Sendable {
        package var name: String
        /// By rising x.
        package var points: [Point]

        package init(name: String, points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    /// How the line goes from one point to the next.
    package enum Interpolation: Hashable, Sendable {
        case straight
        /// A value holds until the next point: a single best-so-far curve.
        case steps
    }

    package var title: String
    /// A second, smaller line: what the lines and bands are.
    package var note = ""
    package var xLabel: String
    package var yLabel: String
    package var isLogarithmicY = false
    package var interpolation = Interpolation.straight
    package var series: [Series]

    package init(title: String, xLabel: String, yLabel: String, series: [Series]) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
    }
}
