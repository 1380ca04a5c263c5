using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.RegionExtraction.Detectors;

namespace DemoVlp.RegionExtraction.Extraction;

/// <summary>
/// Brings the frames of several videos to the detector: those that wait when it becomes free, are of one size and fit into a batch go through it together.
/// </summary>
internal sealed class SharedBatches(DetectorWorker worker, FrameBatches batches)
{
    private readonly Lock guard = new();
    private readonly List<Request> waiting = [];

    /// <summary>Groups that nobody has begun with.</summary>
    public int Waiting
    {
        get
        {
            lock (guard) return waiting.Count;
        }
    }

    /// <summary>Frames of a group.</summary>
    public int GroupSize => batches.GroupSize;

    /// <summary>The regions of frames of one size.</summary>
    /// <param name="hash">The detector that they are meant for.</param>
    /// <param name="images">The frames.</param>
    /// <param name="first">Whether they are the first of a message: then a device that ran out of memory is tried again.</param>
    /// <param name="cancellationToken">When nobody wants them any more.</param>
    /// <exception cref="FrameUnusableException">The detector cannot process one of these frames.</exception>
    /// <exception cref="DetectorReplacedException">Another detector is in use now.</exception>
    public async Task<IReadOnlyList<FrameRegions>> ExtractAsync(string hash, IReadOnlyList<FrameImage> images, bool first, CancellationToken cancellationToken)
    {
        var request = new Request(hash, images, first);
        lock (guard) waiting.Add(request);
        try
        {
            return await worker.RunAsync(hash, network => Serve(network, request, cancellationToken), cancellationToken);
        }
        finally
        {
            lock (guard) waiting.Remove(request);
        }
    }

    // On the detector's thread.
    private IReadOnlyList<FrameRegions> Serve(IFrameDetector network, Request request, CancellationToken cancellationToken)
    {
        if (request.Found is { } found) return found; // An earlier one took it along.
        var together = Gather(request);
        if (together.Any(r => r.First)) batches.Recover();
        if (together.Count > 1 && TryServe(network, together, cancellationToken)) return request.Found!;
        return batches.Extract(network, request.Images, cancellationToken);
    }

    // A failure belongs to one of the videos. Each on its own shows to which.
    private bool TryServe(IFrameDetector network, List<Request> together, CancellationToken cancellationToken)
    {
        try
        {
            var found = batches.Extract(network, [.. together.SelectMany(r => r.Images)], cancellationToken);
            var at = 0;
            foreach (var request in together)
            {
                request.Found = [.. found.Skip(at).Take(request.Images.Count)];
                at += request.Images.Count;
            }
            return true;
        }
        catch (FrameUnusableException)
        {
            return false;
        }
    }

    private List<Request> Gather(Request request)
    {
        var (together, count) = (new List<Request> { request }, request.Images.Count);
        lock (guard)
        {
            waiting.Remove(request); // Whatever becomes of it, nobody takes it along any more.
            foreach (var other in waiting)
            {
                if (other.Found is not null || other.Hash != request.Hash || Size(other) != Size(request) || count + other.Images.Count > batches.GroupSize) continue;
                together.Add(other);
                count += other.Images.Count;
            }
        }
        return together;
    }

    private static (int, int) Size(Request request) => (request.Images[0].Width, request.Images[0].Height);

    private sealed class Request(string hash, IReadOnlyList<FrameImage> images, bool first)
    {
        public string Hash => hash;

        public IReadOnlyList<FrameImage> Images => images;

        public bool First => first;

        /// <summary>Set and read on the detector's thread.</summary>
        public IReadOnlyList<FrameRegions>? Found { get; set; }
    }
}
