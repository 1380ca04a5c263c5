namespace DemoVlp.QueryAnswering.Index;

/// <summary>The best of many, without sorting them all.</summary>
internal sealed class Best(int count)
{
    // The worst of those kept comes out first.
    private readonly PriorityQueue<Neighbour, Neighbour> kept = new(Comparer<Neighbour>.Create((a, b) => b.CompareTo(a)));

    public void Offer(Neighbour neighbour)
    {
        if (kept.Count < count) kept.Enqueue(neighbour, neighbour);
        else if (kept.Count > 0 && neighbour.CompareTo(kept.Peek()) < 0) kept.EnqueueDequeue(neighbour, neighbour);
    }

    public List<Neighbour> Sorted()
    {
        var sorted = kept.UnorderedItems.Select(item => item.Element).ToList();
        sorted.Sort();
        return sorted;
    }
}
