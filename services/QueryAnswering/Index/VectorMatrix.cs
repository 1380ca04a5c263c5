using System.Numerics.Tensors;

namespace DemoVlp.QueryAnswering.Index;

/// <summary>The vectors of a generation in memory, one row a video. Any number of searches at once, changes alone.</summary>
internal sealed class VectorMatrix(int dimension) : IDisposable
{
    private readonly ReaderWriterLockSlim access = new();
    private readonly Dictionary<Guid, int> rows = [];
    private readonly List<Guid> videos = [];
    private float[] values = [];

    /// <summary>The generation's change that this copy has seen.</summary>
    public long Change { get; private set; } = -1;

    /// <summary>Takes over what has changed in the database since <see cref="Change"/>.</summary>
    /// <param name="changed">Vectors written since.</param>
    /// <param name="present">Every video that has one.</param>
    /// <param name="change">The generation's change read before both.</param>
    public void Update(IReadOnlyCollection<(Guid VideoId, float[] Vector)> changed, IReadOnlySet<Guid> present, long change)
    {
        access.EnterWriteLock();
        try
        {
            foreach (var (video, vector) in changed) Put(video, vector);
            for (var row = videos.Count - 1; row >= 0; row--)
                if (!present.Contains(videos[row])) Remove(row);
            Change = change;
        }
        finally
        {
            access.ExitWriteLock();
        }
    }

    /// <summary>The nearest rows, best first.</summary>
    public List<Neighbour> Search(ReadOnlySpan<float> query, int count, IReadOnlyCollection<Guid>? only)
    {
        access.EnterReadLock();
        try
        {
            var best = new Best(count);
            if (only is null)
                for (var row = 0; row < videos.Count; row++) best.Offer(new Neighbour(videos[row], Score(row, query)));
            else
                foreach (var video in only.Distinct())
                    if (rows.TryGetValue(video, out var row)) best.Offer(new Neighbour(video, Score(row, query)));
            return best.Sorted();
        }
        finally
        {
            access.ExitReadLock();
        }
    }

    public void Dispose() => access.Dispose();

    private float Score(int row, ReadOnlySpan<float> query) => TensorPrimitives.Dot(query, values.AsSpan(row * dimension, dimension));

    private void Put(Guid video, float[] vector)
    {
        if (vector.Length != dimension) throw new InvalidOperationException($"The vector of video {video} has {vector.Length} numbers, not {dimension}.");
        if (!rows.TryGetValue(video, out var row))
        {
            row = rows[video] = videos.Count;
            videos.Add(video);
            if (values.Length < videos.Count * dimension) Array.Resize(ref values, Math.Max(values.Length * 2, videos.Count * dimension));
        }
        vector.CopyTo(values, row * dimension);
    }

    private void Remove(int row)
    {
        var last = videos.Count - 1;
        rows.Remove(videos[row]);
        if (row != last)
        {
            values.AsSpan(last * dimension, dimension).CopyTo(values.AsSpan(row * dimension));
            videos[row] = videos[last];
            rows[videos[row]] = row;
        }
        videos.RemoveAt(last);
    }
}
