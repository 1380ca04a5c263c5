namespace DemoVlp.Benchmarks;
internal static class RankingAgreement { internal static void Run() { } }
