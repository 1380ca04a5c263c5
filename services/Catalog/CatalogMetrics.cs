using System.Diagnostics.Metrics;
using DemoVlp.ServiceDefaults;

namespace DemoVlp.Catalog;

/// <summary>What the catalog counts.</summary>
internal sealed class CatalogMetrics : IDisposable
{
    private static readonly Counter<long> Uploads = Telemetry.Meter.CreateCounter<long>("demovlp.uploads", description: "Uploads that ended, tag outcome: accepted or duplicate.");
    private static readonly Counter<long> UploadedBytes = Telemetry.Meter.CreateCounter<long>("demovlp.upload.bytes", "By", "Bytes of the files uploaded.");
    private static readonly Counter<long> Redriven = Telemetry.Meter.CreateCounter<long>("demovlp.videos.redriven", description: "Events published again for videos that did not move, tag status.");

    private volatile IReadOnlyDictionary<string, long> videosByStatus = new Dictionary<string, long>();

    public CatalogMetrics() => Telemetry.Meter.CreateObservableGauge(
        "demovlp.videos", () => videosByStatus.Select(count => new Measurement<long>(count.Value, new KeyValuePair<string, object?>("status", count.Key))),
        description: "Videos by state. Every replica of the catalog reports all of them.");

    /// <summary>Counted now and then by the sweep, not whenever somebody scrapes.</summary>
    public IReadOnlyDictionary<string, long> VideosByStatus { set => videosByStatus = value; }

    /// <summary>A catalog that has stopped counts nothing; its gauge stays for as long as the process.</summary>
    public void Dispose() => videosByStatus = new Dictionary<string, long>();

    public static void RecordUpload(bool created, long bytes)
    {
        Uploads.Add(1, new KeyValuePair<string, object?>("outcome", created ? "accepted" : "duplicate"));
        UploadedBytes.Add(bytes);
    }

    public static void RecordRedrive(string status) => Redriven.Add(1, new KeyValuePair<string, object?>("status", status));
}
